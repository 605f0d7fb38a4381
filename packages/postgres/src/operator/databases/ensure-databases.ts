import { matchesVerifier, scramVerifier } from '../../engine/scram.ts';
import type { Connection } from '../../sql/connection.ts';
import type { Cluster } from '../parse-cluster.ts';
import { planDatabases, type PresentDatabases, type WantedUser } from './plan-databases.ts';

/**
 * Gives a primary its roles and databases. `passwords` by user, for those that log in; a password that differs from the
 * database's is taken over. Returns what failed, one message each: a bad owner does not keep other databases from
 * being made.
 *
 * Errors: those of the connection itself.
 */
export async function ensureDatabases(connection: Connection, cluster: Cluster, passwords: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const present = await readPresent(connection, cluster);
  const users = await Promise.all(
    cluster.users.map(async (user): Promise<WantedUser> => {
      const password = passwords.get(user.name);
      const known = present.roles.get(user.name)?.verifier;
      const isSame = password === undefined || (known !== undefined && (await matchesVerifier(password, known)));
      return { ...user, verifier: isSame ? undefined : await scramVerifier(password) };
    }),
  );
  const { roles, databases } = planDatabases(users, cluster.databases, present);
  const failures: string[] = [];
  if (roles.length > 0) {
    await tryStatement(connection, ['begin', ...roles, 'commit'].join('; '), 'could not write the roles', failures, async () => void (await connection.query('rollback')));
  }
  for (const statement of databases) await tryStatement(connection, statement, `could not run "${statement}"`, failures);
  return failures;
}

/** Errors of the server (they have an SQLSTATE) are noted; a broken connection is thrown. */
async function tryStatement(connection: Connection, statement: string, what: string, failures: string[], recover?: () => Promise<void>): Promise<void> {
  try {
    await connection.query(statement);
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57P') || code.startsWith('08')) throw error;
    failures.push(`${what}: ${message}`);
    await recover?.();
  }
}

interface PresentRow {
  readonly roles: readonly { readonly name: string; readonly verifier: string | null; readonly flags: readonly (string | null)[] }[] | null;
  readonly databases: readonly { readonly name: string; readonly owner: string }[];
}

const presentQuery = `
  select
    (select json_agg(json_build_object('name', rolname, 'verifier', rolpassword, 'flags', json_build_array(
        case when rolsuper then 'SUPERUSER' end, case when rolinherit then 'INHERIT' end, case when rolcreaterole then 'CREATEROLE' end,
        case when rolcreatedb then 'CREATEDB' end, case when rolcanlogin then 'LOGIN' end,
        case when rolreplication then 'REPLICATION' end, case when rolbypassrls then 'BYPASSRLS' end)))
      from pg_catalog.pg_authid where rolname = any($1)) as roles,
    (select json_agg(json_build_object('name', datname, 'owner', pg_catalog.pg_get_userbyid(datdba))) from pg_catalog.pg_database) as databases`;

async function readPresent(connection: Connection, cluster: Cluster): Promise<PresentDatabases> {
  const [row] = await connection.query<PresentRow>(presentQuery, [cluster.users.map(({ name }) => name)]);
  const roles = (row?.roles ?? []).map(({ name, verifier, flags }) => [name, { name, verifier: verifier ?? undefined, flags: flags.filter((flag) => flag !== null) }] as const);
  return { roles: new Map(roles), databases: new Map((row?.databases ?? []).map(({ name, owner }) => [name, owner])) };
}
