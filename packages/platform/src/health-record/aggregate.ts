import type { HealthRecord } from '@plinth/api';

export type HealthState = 'unhealthy' | 'degraded' | 'unknown' | 'healthy' | 'ready';

/** `status.healthStatus` of a request (contract, section 7.5). */
export interface HealthStatus {
  readonly state: HealthState;
  readonly healthRecords: readonly {
    readonly state: HealthState;
    readonly lastRun?: number;
    readonly source: { readonly name: string; readonly namespace: string };
    readonly details?: unknown;
  }[];
}

/**
 * What all records of a request say together: the worst of them. Undefined when there is none. Records that are older
 * than the request (in ms) tell of a namesake that is gone.
 */
export function aggregateHealth(records: readonly HealthRecord[], requestCreatedAt: number): HealthStatus | undefined {
  const own = records.filter((record) => !record.metadata.deletionTimestamp && !isOlder(record, requestCreatedAt)).sort(byName);
  if (own.length === 0) return undefined;
  const healthRecords = own.map(({ metadata, data }) => ({
    state: stateOf(data?.state),
    ...(data?.lastRun === undefined ? {} : { lastRun: data.lastRun }),
    source: { name: metadata.name, namespace: metadata.namespace ?? '' },
    ...(data?.details ? { details: data.details } : {}),
  }));
  const state = healthRecords.reduce<HealthState>((worst, record) => (WORST_FIRST.indexOf(record.state) < WORST_FIRST.indexOf(worst) ? record.state : worst), 'ready');
  return { state, healthRecords };
}

/** Normal or Warning, for events. */
export const isWell = (state: HealthState): boolean => state === 'ready' || state === 'healthy';

const WORST_FIRST: readonly HealthState[] = ['unhealthy', 'degraded', 'unknown', 'healthy', 'ready'];
const stateOf = (state: string | undefined): HealthState => (WORST_FIRST as readonly string[]).includes(state ?? '') ? (state as HealthState) : 'unknown';

const isOlder = (record: HealthRecord, createdAt: number): boolean => Date.parse(record.metadata.creationTimestamp ?? '') < createdAt;
const byName = (left: HealthRecord, right: HealthRecord): number => (`${left.metadata.namespace}/${left.metadata.name}` < `${right.metadata.namespace}/${right.metadata.name}` ? -1 : 1);
