import { preparedDatabase } from '../../engine/template.ts';
import { literal, quoted } from '../../sql/quote.ts';
import type { Database, User } from '../parse-cluster.ts';

export interface PresentRole {
  readonly name: string;
  /** Upper case; those that are set. */
  readonly flags: readonly string[];
  /** What the server keeps of the password. */
  readonly verifier: string | undefined;
}

/** Roles and databases as the server has them. */
export interface PresentDatabases {
  readonly roles: ReadonlyMap<string, PresentRole>;
  /** Owner by database. */
  readonly databases: ReadonlyMap<string, string>;
}

/** A user with the verifier to set, or none when the password is as it should be. */
export interface WantedUser extends User {
  readonly verifier: string | undefined;
}

export interface DatabasePlan {
  /** Run in one transaction. The prepared database is taken into use here, too: that is a change of a name. */
  readonly roles: readonly string[];
  /** Run one by one: PostgreSQL makes no database inside a transaction. */
  readonly databases: readonly string[];
}

/**
 * The statements that are missing. Roles and databases are made and changed, never dropped, and no flag is taken away:
 * a typing error in a request must not cost data.
 */
export function planDatabases(users: readonly WantedUser[], databases: readonly Database[], present: PresentDatabases): DatabasePlan {
  const missing = databases.filter(({ name }) => !present.databases.has(name));
  const taken = present.databases.has(preparedDatabase) && ownerIsThere(missing[0], users, present) ? missing[0] : undefined;
  return {
    roles: [...users.flatMap((user) => planRole(user, present.roles.get(user.name))), ...(taken ? takePrepared(taken) : [])],
    databases: databases.flatMap(({ name, owner }) => {
      const currentOwner = present.databases.get(name);
      if (name === taken?.name || currentOwner === owner) return [];
      return [currentOwner === undefined ? `create database ${quoted(name)} owner ${quoted(owner)}` : `alter database ${quoted(name)} owner to ${quoted(owner)}`];
    }),
  };
}

/** An owner that is missing must not undo the roles of the same transaction. */
const ownerIsThere = (database: Database | undefined, users: readonly WantedUser[], present: PresentDatabases): boolean =>
  database !== undefined && (present.roles.has(database.owner) || users.some(({ name }) => name === database.owner));

const takePrepared = ({ name, owner }: Database): readonly string[] => [
  `alter database ${quoted(preparedDatabase)} rename to ${quoted(name)}`,
  `alter database ${quoted(name)} with allow_connections true`,
  `alter database ${quoted(name)} owner to ${quoted(owner)}`,
];

function planRole({ name, flags, verifier }: WantedUser, present: PresentRole | undefined): readonly string[] {
  const password = verifier === undefined ? '' : ` password ${literal(verifier)}`;
  if (!present) return [`create role ${quoted(name)} ${flags.join(' ')}${password}`];
  const added = flags.filter((flag) => !flag.startsWith('NO') && !present.flags.includes(flag));
  return added.length === 0 && verifier === undefined ? [] : [`alter role ${quoted(name)} ${added.join(' ')}${password}`];
}
