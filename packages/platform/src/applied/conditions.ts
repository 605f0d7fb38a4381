import { timeText } from '@plinth/apimachinery';
import { type Condition, type ConditionUpdate, findCondition } from '../conditions.ts';
import { type HealthState, isWell } from '../health-record/aggregate.ts';
import type { AppliedStanding } from './applied-standing.ts';
import type { Unhealthy } from './placement-standing.ts';

/** The condition `Applied`: whether destinations' agents have applied what the last workflow wrote. */
export function appliedCondition(standing: AppliedStanding, before: readonly Condition[] | undefined): ConditionUpdate {
  const type = 'Applied';
  const previous = findCondition(before, type);
  switch (standing.type) {
    case 'applied': {
      const message = standing.where.length > 0 ? `Applied at ${standing.where.join(', ')}` : 'There is nothing to apply';
      // The proof of the same content stays the one that there was, or every report would be a write.
      const isSame = previous?.status === 'True' && previous.message === message;
      const provedAt = isSame ? previous.provedAt : standing.provedAt;
      return { type, status: 'True', reason: 'Applied', message, ...(provedAt ? { provedAt } : {}) };
    }
    case 'failed':
      return { type, status: 'False', reason: 'ApplyFailed', message: `Destination ${standing.destination} refused ${standing.failure.kind ? textOf(standing.failure) : `the file ${standing.failure.path ?? ''}`}: ${standing.failure.message ?? ''}` };
    case 'silent':
      return { type, status: 'Unknown', reason: 'ReporterSilent', message: `no report from Destination ${standing.destination} since ${timeOf(standing.since)}` };
    case 'pending':
      return { type, status: 'Unknown', reason: 'ApplyPending', message: standing.message };
    case 'notReported':
      return { type, status: 'Unknown', reason: 'NotReported', message: standing.message };
    case 'undecided':
      return previous && previous.status !== 'Unknown' ? withoutTime(previous) : { type, status: 'Unknown', reason: 'ApplyPending', message: standing.message };
    default:
      return standing satisfies never;
  }
}

export interface Readiness {
  readonly standing: AppliedStanding;
  /** The condition Applied that goes with it. */
  readonly applied: ConditionUpdate;
  readonly before: readonly Condition[] | undefined;
  /** What HealthRecords say together; undefined: there are none. */
  readonly health?: HealthState | undefined;
  /** When the newest of them was made, in ms. */
  readonly lookedAt?: number | undefined;
  /** Somebody promised to look after it: without a HealthRecord nothing is known. */
  readonly expectsHealth?: boolean;
  /** The author's text for this state of health. */
  readonly text?: string | undefined;
}

/** The condition `Ready`: whether what was asked for works, by everything that is known of it. */
export function readyCondition({ standing, applied, before, health, lookedAt, expectsHealth = false, text }: Readiness): ConditionUpdate {
  const type = 'Ready';
  const as = ({ status, reason, message }: ConditionUpdate): ConditionUpdate => ({ type, status, reason, message });
  if (applied.reason === 'ReporterSilent' || applied.status === 'False') return as(applied);
  const isUnlooked = health === undefined || health === 'unknown';
  if (!isUnlooked && !isWell(health)) return { type, status: 'False', reason: 'Unhealthy', message: text ?? `Health state is ${health}` };
  const broken = standing.type === 'applied' ? (standing.unhealthy.find(({ reason }) => reason !== IN_PROGRESS) ?? standing.unhealthy[0]) : undefined;
  if (broken) {
    const message = `${textOf(broken)} at ${broken.destination}: ${broken.message ?? ''}`;
    return broken.reason === IN_PROGRESS ? { type, status: 'False', reason: 'ObjectsInProgress', message } : { type, status: 'False', reason: 'ObjectsUnhealthy', message: `${message} (${broken.reason ?? ''})` };
  }
  if (isUnlooked && (expectsHealth || health === 'unknown')) return { type, status: 'Unknown', reason: 'HealthUnknown', message: text ?? 'Nobody has looked at it yet' };
  // Who looks after a service knows better than an agent that is not there.
  const isProved = applied.status === 'True' || (applied.reason === 'NotReported' && health !== undefined);
  if (!isProved) return as(applied);
  if (standing.type === 'applied' && !standing.areUnhealthyKnown) return { type, status: 'Unknown', reason: 'NotReported', message: 'more objects do not work at its destinations than fit into a report' };
  const said = health === undefined ? { reason: 'Working', message: 'Applied, and no object of it is broken' } : { reason: 'Healthy', message: text ?? `Health state is ${health}` };
  const previous = findCondition(before, type);
  const latest = [applied.provedAt ?? '', lookedAt === undefined ? '' : timeText(lookedAt)].sort().at(-1) ?? '';
  const provedAt = previous?.status === 'True' && previous.provedAt && previous.provedAt >= (applied.provedAt ?? '') ? previous.provedAt : latest;
  return { type, status: 'True', ...said, ...(provedAt ? { provedAt } : {}) };
}

const IN_PROGRESS = 'InProgress';

const withoutTime = ({ lastTransitionTime: _time, ...update }: Condition): ConditionUpdate => update;

const textOf = ({ kind = '', namespace, name = '' }: Pick<Unhealthy, 'kind' | 'namespace' | 'name'>): string => `${kind} ${namespace ? `${namespace}/` : ''}${name}`;

const timeOf = (since: string): string => since.replace(/\.\d+Z$/, 'Z');
