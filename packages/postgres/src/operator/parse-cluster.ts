import type { Postgresql } from '@plinth/api';
import type { OperatorSettings } from './configuration.ts';
import { protectedRoles } from './names.ts';

export interface User {
  readonly name: string;
  /** Upper case, `LOGIN` included unless `NOLOGIN` was asked for. */
  readonly flags: readonly string[];
}

export interface Database {
  readonly name: string;
  readonly owner: string;
}

/** A request in this operator's words: checked, with defaults. */
export interface Cluster {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly team: string;
  readonly instances: number;
  readonly version: string;
  readonly users: readonly User[];
  readonly databases: readonly Database[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly backup: { readonly schedule: string } | undefined;
  /** Asked for and left out, each with the reason: shown in a condition. */
  readonly ignored: readonly string[];
  readonly source: Postgresql;
}

export type ParsedCluster =
  | { readonly type: 'valid'; readonly cluster: Cluster }
  /** The name rule: status `Invalid`, no child objects. */
  | { readonly type: 'invalid'; readonly message: string }
  /** Anything else that cannot be carried out: `CreateFailed` or `UpdateFailed`. */
  | { readonly type: 'failed'; readonly message: string };

const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const userName = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const databaseName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const flagNames = ['BYPASSRLS', 'CREATEDB', 'CREATEROLE', 'INHERIT', 'LOGIN', 'REPLICATION', 'SUPERUSER'];

/** Checks a `postgresql` and gives it defaults. */
export function parseCluster(object: Postgresql, settings: OperatorSettings): ParsedCluster {
  const { name, namespace = 'default', uid = '' } = object.metadata;
  const { spec } = object;
  const problem = nameProblem(name, spec.teamId, settings);
  if (problem) return { type: 'invalid', message: problem };
  const unsupported = (['clone', 'standby', 'tls'] as const).filter((field) => spec[field] !== undefined);
  if (unsupported.length > 0) return { type: 'failed', message: `spec.${unsupported[0]} is not supported by this operator` };
  try {
    const ignored = notYet.filter((field) => isAskedFor(spec[field])).map((field) => `spec.${field}: not supported by this operator yet`);
    return {
      type: 'valid',
      cluster: {
        name,
        namespace,
        uid,
        team: spec.teamId,
        instances: clamp(spec.numberOfInstances, settings),
        version: spec.postgresql.version,
        users: parseUsers(spec.users ?? {}, ignored),
        databases: parseDatabases(spec, ignored),
        parameters: spec.postgresql.parameters ?? {},
        backup: spec.enableLogicalBackup ? { schedule: spec.logicalBackupSchedule || settings.backupSchedule } : undefined,
        ignored,
        source: object,
      },
    };
  } catch (error) {
    return { type: 'failed', message: (error as Error).message };
  }
}

/** The database is made without these, and a condition says so. */
const notYet = ['preparedDatabases', 'enableConnectionPooler', 'enableReplicaConnectionPooler', 'usersWithSecretRotation', 'usersWithInPlaceSecretRotation', 'streams', 'additionalVolumes'] as const;
const isAskedFor = (value: unknown): boolean => value === true || (typeof value === 'object' && value !== null && Object.keys(value).length > 0);

/** In this order; the first failure wins. The Service for replicas must fit into 63 characters. */
function nameProblem(name: string, team: string, { requireTeamPrefix }: OperatorSettings): string | undefined {
  if (requireTeamPrefix) {
    if (name.length < team.length + 2) return `cluster name must match {TEAM}-{NAME} format. Got cluster name '${name}', team name '${team}'`;
    if (team === '') return 'team name is empty';
    if (!name.toLowerCase().startsWith(`${team.toLowerCase()}-`)) return 'name must match {TEAM}-{NAME} format';
  }
  if (name.length > 58) return 'name cannot be longer than 58 characters';
  if (!dns1035.test(name)) return `name must conform to DNS-1035, regex used for validation is '${dns1035.source}'`;
  return undefined;
}

const clamp = (instances: number, { minInstances, maxInstances }: OperatorSettings): number => {
  const least = minInstances >= 0 ? Math.max(instances, minInstances) : instances;
  return maxInstances >= 0 ? Math.min(least, maxInstances) : least;
};

function parseUsers(users: Readonly<Record<string, readonly string[] | null>>, ignored: string[]): readonly User[] {
  return Object.entries(users).flatMap(([name, flags]) => {
    if (!userName.test(name) || name.length > 63) throw new Error(`invalid username: "${name}"`);
    if (protectedRoles.has(name)) {
      ignored.push(`user ${name}: the name is reserved`);
      return [];
    }
    return [{ name, flags: normaliseFlags(name, flags ?? []) }];
  });
}

function normaliseFlags(user: string, given: readonly string[]): readonly string[] {
  const flags = [...new Set(given.map((flag) => flag.toUpperCase()))];
  for (const flag of flags) {
    if (!flagNames.includes(flag.replace(/^NO(?=[A-Z])/, ''))) throw new Error(`user ${user}: unknown flag ${flag}`);
    if (flags.includes(`NO${flag}`)) throw new Error(`user ${user}: the flags ${flag} and NO${flag} contradict each other`);
  }
  return flags.includes('LOGIN') || flags.includes('NOLOGIN') ? flags : [...flags, 'LOGIN'];
}

function parseDatabases(spec: Postgresql['spec'], ignored: string[]): readonly Database[] {
  return Object.entries(spec.databases ?? {}).flatMap(([name, owner]) => {
    if (databaseName.test(name) && name.length <= 63) return [{ name, owner }];
    ignored.push(`database ${name}: the name is not one of PostgreSQL's plain names`);
    return [];
  });
}
