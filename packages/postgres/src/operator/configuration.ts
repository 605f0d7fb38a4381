import { operatorConfigurations } from '@plinth/api';
import type { Client } from '@plinth/client';

/** What an OperatorConfiguration sets, as far as this operator listens to it. Read once at start. */
export interface OperatorSettings {
  readonly image: string;
  readonly backupImage: string;
  readonly backupSchedule: string;
  readonly backupPrefix: string;
  readonly backupBucket: string;
  /** -1: no bound. */
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly requireTeamPrefix: boolean;
  readonly disruptionBudgets: boolean;
  readonly defaultResources: Resources;
  readonly terminationGraceSeconds: number;
  readonly resyncMs: number;
  /** How long the creation of a cluster may take before it counts as failed (it goes on nevertheless). */
  readonly waitMs: number;
}

export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

export const defaultSettings: OperatorSettings = {
  image: 'ghcr.io/zalando/spilo-18:4.1-p2',
  backupImage: 'ghcr.io/zalando/postgres-operator/logical-backup:v2.0.1',
  backupSchedule: '30 00 * * *',
  backupPrefix: 'logical-backup-',
  backupBucket: 'my-bucket-url',
  minInstances: -1,
  maxInstances: -1,
  requireTeamPrefix: false,
  disruptionBudgets: true,
  defaultResources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '500Mi' } },
  terminationGraceSeconds: 300,
  resyncMs: 30 * 60_000,
  waitMs: 10 * 60_000,
};

/** Reads the OperatorConfiguration that the pod's environment names; without one the defaults hold. */
export async function readSettings(client: Client, env: Readonly<Record<string, string>>, namespace: string): Promise<OperatorSettings> {
  const name = env['POSTGRES_OPERATOR_CONFIGURATION_OBJECT'];
  if (!name) return defaultSettings;
  const object = await client.find(operatorConfigurations, { namespace, name });
  return parseSettings((object as { readonly configuration?: unknown } | undefined)?.configuration);
}

/** Fields that are absent or of the wrong type keep their default: the CRD has checked them before. */
export function parseSettings(configuration: unknown): OperatorSettings {
  const at = (...path: readonly string[]): unknown => path.reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], configuration);
  const text = (fallback: string, ...path: readonly string[]): string => (typeof at(...path) === 'string' && at(...path) !== '' ? (at(...path) as string) : fallback);
  const number = (fallback: number, ...path: readonly string[]): number => (typeof at(...path) === 'number' ? (at(...path) as number) : fallback);
  const flag = (fallback: boolean, ...path: readonly string[]): boolean => (typeof at(...path) === 'boolean' ? (at(...path) as boolean) : fallback);
  const { requests, limits } = defaultSettings.defaultResources;
  const resource = (name: string, fallback: string): string => text(fallback, 'postgres_pod_resources', name);
  return {
    image: text(defaultSettings.image, 'docker_image'),
    backupImage: text(defaultSettings.backupImage, 'logical_backup', 'logical_backup_docker_image'),
    backupSchedule: text(defaultSettings.backupSchedule, 'logical_backup', 'logical_backup_schedule'),
    backupPrefix: text(defaultSettings.backupPrefix, 'logical_backup', 'logical_backup_job_prefix'),
    backupBucket: text(defaultSettings.backupBucket, 'logical_backup', 'logical_backup_s3_bucket'),
    minInstances: number(defaultSettings.minInstances, 'min_instances'),
    maxInstances: number(defaultSettings.maxInstances, 'max_instances'),
    requireTeamPrefix: flag(defaultSettings.requireTeamPrefix, 'kubernetes', 'enable_team_id_clustername_prefix'),
    disruptionBudgets: flag(defaultSettings.disruptionBudgets, 'kubernetes', 'enable_pod_disruption_budget'),
    defaultResources: {
      requests: { cpu: resource('default_cpu_request', requests['cpu']!), memory: resource('default_memory_request', requests['memory']!) },
      limits: { cpu: resource('default_cpu_limit', limits['cpu']!), memory: resource('default_memory_limit', limits['memory']!) },
    },
    terminationGraceSeconds: duration(at('kubernetes', 'pod_terminate_grace_period'), defaultSettings.terminationGraceSeconds * 1000) / 1000,
    resyncMs: duration(at('resync_period'), defaultSettings.resyncMs),
    waitMs: duration(at('timeouts', 'resource_check_timeout'), defaultSettings.waitMs),
  };
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Go's notation: `5m`, `1h30m`. In milliseconds. */
function duration(text: unknown, fallbackMs: number): number {
  if (typeof text !== 'string' || !/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) return fallbackMs;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce((total, [, amount, unit]) => total + Number(amount) * unitMs[unit!]!, 0);
}
