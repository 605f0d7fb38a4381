import { posix } from 'node:path';
import type { ProgramContext } from './program-context.ts';

export interface Login {
  readonly name: string;
  readonly password: string;
}

/** What the environment of a database pod says, in this room's words. */
export interface InstanceSettings {
  /** The cluster's name (`SCOPE`). */
  readonly scope: string;
  readonly namespace: string;
  readonly podName: string;
  /** The number at the end of a StatefulSet pod's name. */
  readonly ordinal: number;
  readonly podIP: string;
  readonly port: number;
  readonly major: number;
  /** `PGROOT` as a folder on this machine. */
  readonly root: string;
  readonly superuser: Login;
  readonly standby: Login;
  /** From `SPILO_CONFIGURATION`, both the local ones and those that Patroni keeps in its store. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Patroni's dynamic configuration without the parameters (`ttl`, `loop_wait` ...), kept as it is. */
  readonly dcs: Readonly<Record<string, unknown>>;
  /** Selects everything of the cluster: `KUBERNETES_LABELS` and the scope label. */
  readonly labels: Readonly<Record<string, string>>;
  readonly roleLabel: string;
}

/**
 * Reads the environment that the operator's StatefulSet sets (Spilo's variables).
 *
 * Errors: names the variable that is missing or cannot be read.
 */
export function parseEnvironment(context: Pick<ProgramContext, 'env' | 'pod' | 'podIP' | 'mounts'>): InstanceSettings {
  const { env, pod } = context;
  const need = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`the environment variable ${name} is missing or empty`);
    return value;
  };
  const major = Number(need('PGVERSION'));
  if (!Number.isInteger(major) || major < 9) throw new Error(`PGVERSION is ${JSON.stringify(env['PGVERSION'])}: a PostgreSQL major version such as 18 is needed`);
  const scope = need('SCOPE');
  const podName = pod.metadata.name;
  const configuration = parseObject(env['SPILO_CONFIGURATION'] ?? '{}', 'SPILO_CONFIGURATION');
  const { postgresql: dcsPostgresql, ...dcs } = objectAt(configuration, 'bootstrap', 'dcs');
  return {
    scope,
    namespace: pod.metadata.namespace ?? env['POD_NAMESPACE'] ?? 'default',
    podName,
    ordinal: Number(/-(\d+)$/.exec(podName)?.[1] ?? 0),
    podIP: context.podIP,
    port: 5432,
    major,
    root: onThisMachine(env['PGROOT'] ?? '/home/postgres/pgdata/pgroot', context.mounts),
    superuser: { name: env['PGUSER_SUPERUSER'] || 'postgres', password: need('PGPASSWORD_SUPERUSER') },
    standby: { name: env['PGUSER_STANDBY'] || 'standby', password: need('PGPASSWORD_STANDBY') },
    parameters: {
      ...strings(objectAt({ postgresql: dcsPostgresql }, 'postgresql', 'parameters')),
      ...strings(objectAt(configuration, 'postgresql', 'parameters')),
    },
    dcs,
    labels: {
      ...strings(parseObject(env['KUBERNETES_LABELS'] ?? '{"application":"spilo"}', 'KUBERNETES_LABELS')),
      [env['KUBERNETES_SCOPE_LABEL'] || 'cluster-name']: scope,
    },
    roleLabel: env['KUBERNETES_ROLE_LABEL'] || 'spilo-role',
  };
}

/** A path in the container as the path on this machine, through the longest mount that holds it. */
export function onThisMachine(path: string, mounts: ReadonlyMap<string, string>): string {
  const clean = posix.normalize(path);
  const best = [...mounts].filter(([mount]) => clean === mount || clean.startsWith(`${mount}/`)).sort(([a], [b]) => b.length - a.length)[0];
  if (!best) throw new Error(`no volume is mounted at ${path}: a database without a volume would lose its data`);
  return posix.join(best[1], clean.slice(best[0].length));
}

function parseObject(text: string, variable: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Reported below, without the text: it may hold secrets.
  }
  throw new Error(`the environment variable ${variable} is no JSON object`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

function objectAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const found = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), value);
  return isObject(found) ? found : {};
}

export const strings = (value: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (['string', 'number', 'boolean'].includes(typeof field) ? [[key, String(field)]] : [])));
