import { appliedCondition, readyCondition } from '../applied/conditions.ts';
import { currentStanding } from '../applied/current-standing.ts';
import { type ConditionUpdate, findCondition, isTrue, setConditions } from '../conditions.ts';
import { aggregateHealth } from '../health-record/aggregate.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { worksCondition, type WorksStanding, worksStanding } from '../work/standing.ts';
import { configuredWorkflows, succeededTime } from '../workflow/configure-status.ts';
import { newestByPipeline } from '../workflow/job-state.ts';
import { withDeleteOutcome } from '../workflow/delete-status.ts';
import type { WorkflowPlan } from '../workflow/plan.ts';
import { PAUSED, reconciledCondition } from '../workflow/reconciled.ts';
import { workflowOutcome } from '../workflow/status.ts';
import { troubleOf } from '../workflow/trouble.ts';
import { findCause } from '../why/explain.ts';
import { sentenceOf } from '../why/words.ts';
import { withAuthorsMessage, withOwnMessage } from './message.ts';
import type { RequestPlan, RequestSnapshot } from './plan.ts';
import type { RequestStatus } from './request.ts';

/**
 * The status that a request should have, all of it. The same snapshot and plan always give the same status, so a pass
 * that changes nothing writes nothing.
 */
export function requestStatus(snapshot: RequestSnapshot, plan: RequestPlan): RequestStatus {
  const before = snapshot.request.status ?? {};
  if (isOver(plan)) return before;
  const status = statusFor(snapshot, plan, withAuthorsMessage(before));
  const cause = causeOf(snapshot, status);
  return cause === undefined ? status : withOwnMessage(status, cause);
}

const isOver = (plan: RequestPlan): plan is Extract<RequestPlan, { type: 'ignore' | 'endDeleteWorkflow' | 'cleanUp' | 'letGo' }> =>
  plan.type === 'ignore' || plan.type === 'endDeleteWorkflow' || plan.type === 'cleanUp' || plan.type === 'letGo';

function statusFor(snapshot: RequestSnapshot, plan: Exclude<RequestPlan, { type: 'ignore' | 'endDeleteWorkflow' | 'cleanUp' | 'letGo' }>, before: RequestStatus): RequestStatus {
  const { now } = snapshot;
  const notRunning = (condition: ConditionUpdate): RequestStatus => withApplied(withConditions(before, [condition], now), snapshot, worksStanding(snapshot.works).state, false);
  switch (plan.type) {
    case 'paused':
      return notRunning(PAUSED);
    case 'blocked':
      return notRunning({ type: 'PromiseAvailable', status: 'False', ...BLOCKED[plan.by] });
    case 'unresolved':
      return notRunning({ type: 'Reconciled', status: 'Unknown', reason: 'PromiseRevisionNotFound', message: 'Pending' });
    case 'deleteWorkflow':
      return withDeleteOutcome(before, snapshot.delete, plan.workflow, snapshot.runs, now);
    case 'configure':
      return configured(snapshot, plan.workflow, before);
    default:
      return plan satisfies never;
  }
}

const BLOCKED = {
  requirements: { reason: 'PromiseRequirementsNotInstalled', message: 'Promise Requirements are not installed' },
  promise: { reason: 'PromiseUnavailable', message: 'Cannot fulfil resource requests' },
} as const;

/** Why the request is not ready, in one sentence; it stands in `message` in place of what the author says. */
function causeOf({ chain, request }: RequestSnapshot, status: RequestStatus): string | undefined {
  const isReady = isMarked(request, LABELS.dryRun) || (findCondition(status.conditions, 'Ready')?.status ?? 'True') === 'True';
  if (!request.metadata.deletionTimestamp && isTrue(status.conditions, 'Reconciled') && isReady) return undefined;
  const cause = findCause(chain(status));
  return cause && sentenceOf(cause);
}

function configured(snapshot: RequestSnapshot, plan: WorkflowPlan, before: RequestStatus): RequestStatus {
  const { request, resolution, configure, runs, works, now } = snapshot;
  const outcome = workflowOutcome(before, configure, plan, troubleOf(plan, runs, before.kratix?.workflows?.pipelines ?? []), now);
  const conditions: ConditionUpdate[] = [...outcome.conditions];
  if (findCondition(before.conditions, 'PromiseAvailable')?.status === 'False') conditions.push({ type: 'PromiseAvailable', status: 'True', reason: 'PromiseAvailable', message: 'Promise Requirements are met' });

  const hasEnded = outcome.standing === 'succeeded' || outcome.standing === 'none';
  const standing = worksStanding(works, newestByPipeline(configure.pipelines, runs.jobs));
  if (hasEnded) conditions.push(worksCondition(standing, 'this resource'));
  const reconciled = reconciledCondition(outcome.standing, standing);
  // What a dry run made is not what was asked for.
  conditions.push(isMarked(request, LABELS.dryRun) && reconciled.status === 'True' ? { ...reconciled, reason: 'DryRunSucceeded', message: 'Dry run completed' } : reconciled);

  const updated = withConditions({ ...before, ...outcome.fields }, conditions, now);
  const succeededAt = succeededTime(outcome, updated.conditions);
  const health = aggregateHealth(snapshot.healthRecords, Date.parse(request.metadata.creationTimestamp ?? ''));
  const { healthStatus: _before, ...rest } = updated;
  const status: RequestStatus = {
    ...rest,
    ...(health ? { healthStatus: health } : {}),
    ...(hasEnded ? { observedGeneration: request.metadata.generation ?? 1, ...(resolution.type === 'resolved' ? { promiseVersion: resolution.version, resourceBindingVersion: resolution.wanted } : {}) } : {}),
    ...(succeededAt ? { lastSuccessfulConfigureWorkflowTime: succeededAt } : {}),
    kratix: { ...before.kratix, workflows: configuredWorkflows(before, outcome, plan, updated.conditions) },
  };
  return withApplied(withHealthMessage(status), snapshot, standing.state, hasEnded);
}

/**
 * Ours, for services that somebody looks after: a message that follows their health where the pipeline gave texts for
 * it. Kratix leaves what a pipeline said as it is.
 */
function withHealthMessage(status: RequestStatus): RequestStatus {
  const text = healthText(status);
  if (text === undefined) return status;
  // A text of ours that does not hold any more is replaced at once; what a workflow under way says is left alone.
  const isOurs = isTrue(status.conditions, 'Reconciled') || Object.values(status.healthMessages ?? {}).includes(status.message ?? '');
  return isOurs ? { ...status, message: text } : status;
}

const healthText = ({ healthMessages: texts, healthStatus: health }: RequestStatus): string | undefined => texts?.[health?.state ?? 'default'] ?? texts?.['default'];

/** Ours: the conditions `Applied` and `Ready`. They begin when the first workflow has ended. */
function withApplied(status: RequestStatus, { request, works, applied: of, now }: RequestSnapshot, state: WorksStanding['state'], hasEnded: boolean): RequestStatus {
  const before = request.status?.conditions;
  const { healthMessages, healthStatus } = status;
  const isObserved = request.status?.observedGeneration === (request.metadata.generation ?? 1);
  if (!hasEnded && !healthMessages && !healthStatus && !findCondition(before, 'Applied')) return status;
  const standing = currentStanding({ works, state, isObserved, hasEnded, before }, of);
  const applied = appliedCondition(standing, before);
  const lastRuns = (healthStatus?.healthRecords ?? []).flatMap(({ lastRun }) => (lastRun === undefined ? [] : [lastRun * 1000]));
  const ready = readyCondition({
    standing,
    applied,
    before,
    health: healthStatus?.state,
    lookedAt: lastRuns.length > 0 ? Math.max(...lastRuns) : undefined,
    expectsHealth: healthMessages !== undefined,
    text: healthText(status),
  });
  return withConditions(status, [applied, isMarked(request, LABELS.dryRun) ? REHEARSED : ready], now);
}

/** However well its files are applied where dry runs go, what was asked for is not there. */
const REHEARSED: ConditionUpdate = { type: 'Ready', status: 'Unknown', reason: 'DryRun', message: 'A dry run shows what would be made, and makes nothing' };

const withConditions = (status: RequestStatus, updates: readonly ConditionUpdate[], now: number): RequestStatus => ({ ...status, conditions: setConditions(status.conditions, updates, now) });
