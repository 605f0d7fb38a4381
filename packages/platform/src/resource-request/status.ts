import type { Job } from '@plinth/api';
import { type ConditionUpdate, findCondition, isTrue, setConditions } from '../conditions.ts';
import { aggregateHealth, type HealthState, isWell } from '../health-record/aggregate.ts';
import { LABELS } from '../naming/labels.ts';
import { worksCondition, worksStanding } from '../work/standing.ts';
import { actionOf, pipelineNameOf } from '../workflow/job-state.ts';
import type { WorkflowPlan } from '../workflow/plan.ts';
import { PAUSED, reconciledCondition } from '../workflow/reconciled.ts';
import { COMPLETED, workflowOutcome } from '../workflow/status.ts';
import { troubleOf } from '../workflow/trouble.ts';
import type { RequestPlan, RequestSnapshot } from './plan.ts';
import type { RequestStatus } from './request.ts';

/**
 * The status that a request should have, all of it. The same snapshot and plan always give the same status, so a pass
 * that changes nothing writes nothing.
 */
export function requestStatus(snapshot: RequestSnapshot, plan: RequestPlan): RequestStatus {
  const before = snapshot.request.status ?? {};
  switch (plan.type) {
    case 'ignore':
    case 'endDeleteWorkflow':
    case 'cleanUp':
    case 'letGo':
      return before;
    case 'paused':
      return withConditions(before, [PAUSED], snapshot.now);
    case 'blocked':
      return withConditions(before, [{ type: 'PromiseAvailable', status: 'False', reason: 'PromiseRequirementsNotInstalled', message: 'Promise Requirements are not installed' }], snapshot.now);
    case 'deleteWorkflow':
      return withConditions(before, deleteConditions(plan.workflow), snapshot.now);
    case 'configure':
      return withHealth(configured(snapshot, plan.workflow, before), snapshot.now);
    default:
      return plan satisfies never;
  }
}

function configured(snapshot: RequestSnapshot, plan: WorkflowPlan, before: RequestStatus): RequestStatus {
  const { request, promise, configure, runs, works, now } = snapshot;
  const outcome = workflowOutcome(before, configure, plan, troubleOf(plan, runs, before.kratix?.workflows?.pipelines ?? []), now);
  const conditions: ConditionUpdate[] = [...outcome.conditions];
  if (findCondition(before.conditions, 'PromiseAvailable')?.status === 'False') conditions.push({ type: 'PromiseAvailable', status: 'True', reason: 'PromiseAvailable', message: 'Promise Requirements are met' });

  const hasEnded = outcome.standing === 'succeeded' || outcome.standing === 'none';
  const expected = new Map(configure.pipelines.map((pipeline) => [pipeline.metadata.name, newestOf(runs.jobs, pipeline.metadata.name)]));
  const standing = worksStanding(works, expected);
  if (hasEnded) conditions.push(worksCondition(standing, 'this resource'));
  conditions.push(reconciledCondition(outcome.standing, standing.state));

  const updated = withConditions({ ...before, ...outcome.fields }, conditions, now);
  const succeededAt = outcome.standing === 'succeeded' ? findCondition(updated.conditions, COMPLETED)?.lastTransitionTime : undefined;
  const { suspendedGeneration, ...workflows } = before.kratix?.workflows ?? {};
  const health = aggregateHealth(snapshot.healthRecords, Date.parse(request.metadata.creationTimestamp ?? ''));
  const { healthStatus: _before, ...rest } = updated;
  return {
    ...rest,
    ...(health ? { healthStatus: health } : {}),
    ...(hasEnded ? { observedGeneration: request.metadata.generation ?? 1, promiseVersion: promise.metadata.labels?.[LABELS.promiseVersion] ?? 'not-set', resourceBindingVersion: 'latest' } : {}),
    ...(succeededAt ? { lastSuccessfulConfigureWorkflowTime: succeededAt } : {}),
    kratix: {
      ...before.kratix,
      workflows: {
        ...workflows,
        pipelines: outcome.pipelines,
        ...(suspendedGeneration !== undefined && plan.type !== 'start' && plan.type !== 'succeeded' ? { suspendedGeneration } : {}),
        ...(succeededAt ? { lastSuccessfulConfigureWorkflowTime: succeededAt } : {}),
      },
    },
  };
}

/**
 * Ours, for services that somebody looks after: the condition `Ready`, to wait for, and a message that follows their
 * health where the pipeline gave texts for it. Kratix leaves what a pipeline said as it is.
 */
function withHealth(status: RequestStatus, now: number): RequestStatus {
  const { healthMessages: texts, healthStatus: health } = status;
  if (!texts && !health) return status;
  const text = texts?.[health?.state ?? 'default'] ?? texts?.['default'];
  // A text of ours that does not hold any more is replaced at once; what a workflow under way says is left alone.
  const isOurs = isTrue(status.conditions, 'Reconciled') || (texts !== undefined && Object.values(texts).includes(status.message ?? ''));
  const message = isOurs && text !== undefined ? text : status.message;
  return withConditions({ ...status, ...(message === undefined ? {} : { message }) }, [readyCondition(health?.state, text)], now);
}

function readyCondition(state: HealthState | undefined, text: string | undefined): ConditionUpdate {
  const type = 'Ready';
  if (state === undefined || state === 'unknown') return { type, status: 'Unknown', reason: 'HealthUnknown', message: text ?? 'Nobody has looked at it yet' };
  return isWell(state) ? { type, status: 'True', reason: 'Healthy', message: text ?? `Health state is ${state}` } : { type, status: 'False', reason: 'Unhealthy', message: text ?? `Health state is ${state}` };
}

function deleteConditions(plan: WorkflowPlan): readonly ConditionUpdate[] {
  const type = 'DeleteWorkflowCompleted';
  if (plan.type === 'failed') return [{ type, status: 'False', reason: 'DeleteWorkflowFailed', message: 'The Delete Pipeline has failed' }];
  if (plan.type === 'suspended') return [{ type, status: 'False', reason: 'DeleteWorkflowSuspended', message: 'The delete workflow is suspended' }];
  return [];
}

const withConditions = (status: RequestStatus, updates: readonly ConditionUpdate[], now: number): RequestStatus => ({ ...status, conditions: setConditions(status.conditions, updates, now) });

/** Jobs come newest first. */
const newestOf = (jobs: readonly Job[], pipeline: string): Job | undefined => jobs.find((job) => actionOf(job) === 'configure' && pipelineNameOf(job) === pipeline);
