import { parseApiVersion } from '@plinth/apimachinery';
import type { AgentReport, Kustomization } from '@plinth/api';
import { findCondition, isConditionTrue } from '@plinth/controller-runtime';
import { PARTIALLY_APPLIED } from '../kustomization/status.ts';
import type { Source } from '../source/source.ts';
import { parseFailure } from './parse-failure.ts';

export type UnhealthyObject = NonNullable<AgentReport['unhealthy']>[number];
type KustomizationReport = NonNullable<AgentReport['kustomizations']>[number];
type SourceReport = NonNullable<AgentReport['sources']>[number];

/** What a report is made from. */
export interface ReportSnapshot {
  readonly kustomizations: readonly Kustomization[];
  readonly sources: readonly Source[];
  readonly unhealthy: readonly UnhealthyObject[];
  /** The report that stands on the platform. */
  readonly previous: AgentReport | undefined;
  readonly now: Date;
}

const MAX_UNHEALTHY = 1000;
const MAX_FAILURES = 200;
const MAX_MESSAGE = 2000;

/**
 * The report of a destination, from public fields that Flux has, too: the very one that stands on the platform when there is
 * no news. Times stay what they were while what they are about stays.
 */
export function buildReport({ kustomizations, sources, unhealthy, previous, now }: ReportSnapshot): AgentReport {
  const byName = (a: { readonly metadata: { readonly name: string } }, b: { readonly metadata: { readonly name: string } }): number => (a.metadata.name < b.metadata.name ? -1 : 1);
  const report = {
    sources: sources.toSorted(byName).map(sourceReport),
    kustomizations: kustomizations.toSorted(byName).map((each) => kustomizationReport(each, previous?.kustomizations?.find(({ name }) => name === each.metadata.name), now)),
    unhealthy: unhealthy.toSorted(longestFirst).slice(0, MAX_UNHEALTHY).map((each) => ({ ...each, ...(each.message ? { message: each.message.slice(0, 300) } : {}) })),
    unhealthyCount: unhealthy.length,
  };
  return previous?.reportedAt && isSameReport(previous, report) ? previous : { reportedAt: now.toISOString(), ...report };
}

/** Whether two reports say the same; when they were made does not count. */
function isSameReport(left: AgentReport, right: AgentReport): boolean {
  const said = ({ sources = [], kustomizations = [], unhealthy = [], unhealthyCount = 0 }: AgentReport): string => JSON.stringify([sources, kustomizations, unhealthy, unhealthyCount].map(sorted));
  return said(left) === said(right);
}

/** Servers may keep fields in another order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
};

function sourceReport(source: Source): SourceReport {
  const ready = findCondition(source.status?.conditions, 'Ready');
  const revision = source.status?.artifact?.revision;
  return {
    kind: source.kind,
    name: source.metadata.name,
    ...(revision ? { revision } : {}),
    ...bucketReport(source),
    ready: ready?.status ?? 'Unknown',
    message: (ready?.message ?? '').slice(0, MAX_MESSAGE),
  };
}

/** What decides which objects a bucket's revision is about. */
function bucketReport(source: Source): Pick<SourceReport, 'prefix' | 'isFiltered'> {
  if (source.kind !== 'Bucket' || !source.spec || !('bucketName' in source.spec)) return {};
  const { prefix, ignore } = source.spec;
  return { ...(prefix ? { prefix } : {}), ...(ignore?.trim() ? { isFiltered: true } : {}) };
}

function kustomizationReport(kustomization: Kustomization, before: KustomizationReport | undefined, now: Date): KustomizationReport {
  const { spec, status = {} } = kustomization;
  const ready = findCondition(status.conditions, 'Ready');
  const { lastAppliedRevision, lastAttemptedRevision } = status;
  // A health check begins when everything is applied.
  const isPartial = isConditionTrue(status.conditions, PARTIALLY_APPLIED) || (ready?.status === 'False' && ready.reason === 'HealthCheckFailed');
  const parsed = ready?.status === 'False' && !status.failures ? parseFailure(ready.message) : undefined;
  const failures = (status.failures ?? (parsed ? [parsed] : [])).slice(0, MAX_FAILURES);
  const applied = isPartial ? lastAttemptedRevision : lastAppliedRevision;
  const hadApplied = before?.partial ? before.lastAttemptedRevision : before?.lastAppliedRevision;
  return {
    name: kustomization.metadata.name,
    source: spec?.sourceRef.name ?? '',
    ...(spec ? { sourceKind: spec.sourceRef.kind } : {}),
    path: (spec?.path ?? '').split('/').filter((part) => part !== '' && part !== '.').join('/'),
    ...(lastAppliedRevision ? { lastAppliedRevision } : {}),
    ...(lastAttemptedRevision ? { lastAttemptedRevision } : {}),
    ...(isPartial ? { partial: true } : {}),
    ready: ready?.status ?? 'Unknown',
    reason: ready?.reason ?? '',
    message: (ready?.message ?? '').slice(0, MAX_MESSAGE),
    ...(applied ? { appliedAt: applied === hadApplied && before?.appliedAt ? before.appliedAt : now.toISOString() } : {}),
    ...(failures.length > 0 ? { failures, failureCount: status.failureCount ?? failures.length } : {}),
  };
}

const longestFirst = (a: UnhealthyObject, b: UnhealthyObject): number => `${a.since ?? ''} ${keyOfUnhealthy(a)}`.localeCompare(`${b.since ?? ''} ${keyOfUnhealthy(b)}`);

/** Names an object as the inventory does: the version of its API does not count. */
export const keyOfUnhealthy = ({ apiVersion = '', kind = '', namespace = '', name = '' }: UnhealthyObject): string => `${parseApiVersion(apiVersion).group} ${kind}/${namespace}/${name}`;
