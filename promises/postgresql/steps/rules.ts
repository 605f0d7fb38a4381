/** What the platform team decided for an environment. */
export interface Sizing {
  readonly volumeSize: string;
  readonly instances: number;
  readonly backups: boolean;
  /** Major version of PostgreSQL. */
  readonly version: string;
}

/**
 * The rules, from the environment of the pipeline's container in `promise.yaml`, which is where the platform team
 * changes them. `backupEnabled` of a request wins over the environment's default.
 *
 * Errors: names the variable whose value makes no sense.
 */
export function sizingOf(environment: 'dev' | 'prod', backupEnabled: boolean | undefined, env: Readonly<Record<string, string>>): Sizing {
  const isProduction = environment === 'prod';
  return {
    volumeSize: isProduction ? text(env, 'PROD_VOLUME_SIZE', '10Gi', /^\d+(\.\d+)?([KMGTPE]i?)?$/) : text(env, 'DEV_VOLUME_SIZE', '1Gi', /^\d+(\.\d+)?([KMGTPE]i?)?$/),
    instances: whole(env, 'MINIMUM_REPLICAS', '1') + (isProduction ? whole(env, 'PROD_EXTRA_REPLICAS', '2') : 0),
    backups: backupEnabled ?? (isProduction && text(env, 'PROD_BACKUPS', 'true', /^(true|false)$/) === 'true'),
    version: text(env, 'PG_VERSION', '18', /^\d+$/),
  };
}

function text(env: Readonly<Record<string, string>>, name: string, fallback: string, pattern: RegExp): string {
  const value = env[name] || fallback;
  if (!pattern.test(value)) throw new Error(`the variable ${name} is ${JSON.stringify(value)}, which does not match ${pattern.source}`);
  return value;
}

const whole = (env: Readonly<Record<string, string>>, name: string, fallback: string): number => Number(text(env, name, fallback, /^\d{1,3}$/));
