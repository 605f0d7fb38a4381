import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, InstanceFolder } from '../engine/index.ts';
import { replaceFile } from '../engine/data-dir.ts';
import { matchesVerifier, scramVerifier } from '../engine/scram.ts';
import { runSingleUser } from '../engine/single-user.ts';
import { literal, quoted } from '../sql/quote.ts';
import { connect, isAuthenticationFailure, type Address, type Connection } from '../sql/connection.ts';
import type { InstanceSettings } from './parse-environment.ts';

/** What the database was told last, as verifiers: no password is kept. */
interface Credentials {
  readonly superuser: string;
  readonly standby: string;
}

/** `unknown`: a fresh copy of the template, or a crash between the two writes of {@link setSystemRoles}. */
export type CredentialState = 'current' | 'outdated' | 'unknown';

/** Whether the database knows the passwords that the pod was given. Asked before the server starts. */
export async function readCredentialState(folder: InstanceFolder, settings: InstanceSettings): Promise<CredentialState> {
  const text = await readFile(credentialsFile(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 'unknown';
  try {
    const { superuser, standby } = JSON.parse(text) as Credentials;
    const matches = await Promise.all([matchesVerifier(settings.superuser.password, superuser), matchesVerifier(settings.standby.password, standby)]);
    return matches.every(Boolean) ? 'current' : 'outdated';
  } catch {
    return 'unknown';
  }
}

/**
 * The Secret was made anew while the database kept the old password (upstream is locked out for good then): writes the
 * passwords into the stopped database.
 */
export async function resetSystemRoles(engine: Engine, folder: InstanceFolder, settings: InstanceSettings): Promise<void> {
  const credentials = await verifiersOf(settings);
  await runSingleUser(engine, folder.dataDir, roleStatements(settings, credentials));
  await replaceFile(credentialsFile(folder), JSON.stringify(credentials));
}

/**
 * Gives superuser and standby user of a running primary the pod's passwords, logging in with the template's if the
 * pod's is not known yet. Returns the connection.
 */
export async function setSystemRoles(folder: InstanceFolder, settings: InstanceSettings, address: Address, bootstrapPassword: string | undefined): Promise<Connection> {
  const verifiers = verifiersOf(settings);
  const connection = await login(settings, address, bootstrapPassword);
  try {
    const credentials = await verifiers;
    await connection.query(`begin; ${roleStatements(settings, credentials).join(' ')} commit`);
    await replaceFile(credentialsFile(folder), JSON.stringify(credentials));
    return connection;
  } catch (error) {
    await connection.end();
    throw error;
  }
}

async function login(settings: InstanceSettings, address: Address, bootstrapPassword: string | undefined): Promise<Connection> {
  // The template's superuser is `postgres` whatever the pod's is called.
  const passwords: readonly (readonly [string, string])[] = [
    ...(bootstrapPassword ? [['postgres', bootstrapPassword] as const] : []),
    [settings.superuser.name, settings.superuser.password],
  ];
  let failure: unknown;
  for (const [user, password] of passwords) {
    try {
      return await connect({ ...address, user, password, database: 'postgres' });
    } catch (error) {
      if (!isAuthenticationFailure(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

const credentialsFile = (folder: InstanceFolder): string => join(folder.root, 'plinth-credentials.json');

async function verifiersOf(settings: InstanceSettings): Promise<Credentials> {
  const [superuser, standby] = await Promise.all([scramVerifier(settings.superuser.password), scramVerifier(settings.standby.password)]);
  return { superuser, standby };
}

/** One statement per line each, as single-user mode needs it. */
function roleStatements(settings: InstanceSettings, credentials: Credentials): readonly string[] {
  const role = (name: string, attributes: string, verifier: string): string =>
    `do $plinth$ begin if not exists (select from pg_catalog.pg_roles where rolname = ${literal(name)}) then create role ${quoted(name)}; end if; end $plinth$; alter role ${quoted(name)} with ${attributes} password ${literal(verifier)};`;
  return [
    role(settings.superuser.name, 'superuser login createdb createrole replication bypassrls', credentials.superuser),
    role(settings.standby.name, 'login replication', credentials.standby),
  ].flatMap((text) => text.split(/(?<=\$plinth\$;) /));
}
