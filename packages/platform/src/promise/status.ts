import type { CustomResourceDefinition, PlatformPromise, PromiseStatus } from '@plinth/api';
import { timeText } from '@plinth/apimachinery';
import { appliedCondition, readyCondition } from '../applied/conditions.ts';
import { currentStanding } from '../applied/current-standing.ts';
import { type Condition, type ConditionUpdate, findCondition, isTrue, setConditions } from '../conditions.ts';
import { LABELS } from '../naming/labels.ts';
import { worksCondition, type WorksStanding, worksStanding } from '../work/standing.ts';
import { configuredWorkflows } from '../workflow/configure-status.ts';
import { withDeleteOutcome } from '../workflow/delete-status.ts';
import { newestByPipeline } from '../workflow/job-state.ts';
import type { WorkflowPlan } from '../workflow/plan.ts';
import { PAUSED, reconciledCondition } from '../workflow/reconciled.ts';
import { COMPLETED, type WorkflowOutcome, workflowOutcome, type WorkflowStatus } from '../workflow/status.ts';
import { troubleOf } from '../workflow/trouble.ts';
import { withAuthorsMessage, withOwnMessage } from '../resource-request/message.ts';
import { findCause } from '../why/explain.ts';
import { sentenceOf } from '../why/words.ts';
import { apiOf, storageVersion } from './api.ts';
import { isEstablished } from './deletion.ts';
import type { PromisePlan, PromiseSnapshot } from './plan.ts';
import { areFulfilled, requirementsCondition } from './requirements.ts';
import { workflowsOf } from './workflows.ts';

/** The status that a Promise should have, all of it (contract, sections 1.1 and 2.6). */
export function promiseStatus(snapshot: PromiseSnapshot, plan: PromisePlan): PromiseStatus {
  const before = snapshot.promise.status ?? {};
  if (plan.type !== 'active' && plan.type !== 'paused') return statusFor(snapshot, plan, before);
  const status = statusFor(snapshot, plan, withAuthorsMessage(before));
  const cause = isWorking(status) ? undefined : findCause(snapshot.chain(status));
  return cause ? withOwnMessage(status, sentenceOf(cause)) : status;
}

/** Then its message is the author's. */
const isWorking = ({ conditions }: PromiseStatus): boolean =>
  isTrue(conditions, 'Available') && isTrue(conditions, 'Reconciled') && (findCondition(conditions as readonly Condition[] | undefined, 'Ready')?.status ?? 'True') === 'True';

function statusFor(snapshot: PromiseSnapshot, plan: PromisePlan, before: PromiseStatus): PromiseStatus {
  switch (plan.type) {
    case 'active':
      return active(snapshot, plan.workflow, before);
    case 'paused':
      return unavailable(withConditions(before, [PAUSED, { type: 'Available', status: 'False', reason: 'PausedReconciliation', message: 'Paused' }], snapshot.now));
    case 'deleteWorkflow':
      return withDeleteOutcome(before as WorkflowStatus, snapshot.delete, plan.workflow, snapshot.runs, snapshot.now) as PromiseStatus;
    case 'ignore':
    case 'endDeleteWorkflow':
    case 'cleanUp':
    case 'letGo':
      return before;
    default:
      return plan satisfies never;
  }
}

function active(snapshot: PromiseSnapshot, plan: WorkflowPlan, before: PromiseStatus): PromiseStatus {
  const { promise, configure, runs, works, crd, requirements, requiredBy, now } = snapshot;
  const outcome = outcomeOf(snapshot, plan, before);
  const fulfilled = areFulfilled(requirements);
  const isAvailable = canServe(promise, crd, fulfilled, outcome, before);
  const standing = worksStanding(works, newestByPipeline(configure.pipelines, runs.jobs));
  const hasEnded = outcome.standing === 'succeeded' || outcome.standing === 'none';

  const conditions: ConditionUpdate[] = [
    ...outcome.conditions,
    ...(requirements.length > 0 || findCondition(before.conditions as readonly Condition[] | undefined, 'RequirementsFulfilled') ? [requirementsCondition(requirements)] : []),
    ...(hasEnded ? [worksCondition(standing, 'this promise')] : []),
    fulfilled ? reconciledCondition(outcome.standing, standing) : { type: 'Reconciled', status: 'Unknown', reason: 'RequirementsNotFulfilled', message: 'Pending' },
    availableCondition(isAvailable, outcome.standing, snapshot.apiProblem),
    ...appliedConditions(snapshot, standing.state, hasEnded, isAvailable),
  ];
  // What the Promise no longer says is no longer true of it.
  const { requiredPromises: _requirements, requiredBy: _dependents, version: _version, ...rest } = before;
  const { version: _sameVersion, ...kratix } = before.kratix ?? {};
  const updated = withConditions({ ...rest, ...outcome.fields }, conditions, now);
  const lastAvailableTime = isAvailable ? (isTrue(before.conditions, 'Available') ? before.lastAvailableTime : undefined) ?? timeText(now) : before.lastAvailableTime;
  const version = promise.metadata.labels?.[LABELS.promiseVersion];
  const facts = {
    status: isAvailable ? 'Available' : 'Unavailable',
    ...apiFacts(promise),
    ...(version ? { version } : {}),
    ...(lastAvailableTime ? { lastAvailableTime } : {}),
  };
  return {
    ...updated,
    ...facts,
    ...(hasEnded ? { observedGeneration: promise.metadata.generation ?? 1 } : {}),
    ...(requirements.length > 0 ? { requiredPromises: requirements } : {}),
    ...(requiredBy.length > 0 ? { requiredBy } : {}),
    kratix: {
      ...kratix,
      ...facts,
      workflows: configuredWorkflows(before as WorkflowStatus, outcome, plan, updated.conditions as readonly Condition[] | undefined),
    },
  };
}

/** Ours: whether what every destination gets from the Promise is applied there, and whether all of it works. */
function appliedConditions({ promise, works, applied: of }: PromiseSnapshot, state: WorksStanding['state'], hasEnded: boolean, isAvailable: boolean): readonly ConditionUpdate[] {
  const before = promise.status?.conditions as readonly Condition[] | undefined;
  const isObserved = promise.status?.observedGeneration === (promise.metadata.generation ?? 1);
  const standing = currentStanding({ works, state, isObserved, hasEnded, before }, of);
  const applied = appliedCondition(standing, before);
  const ready = readyCondition({ standing, applied, before });
  return [applied, isAvailable || ready.status !== 'True' ? ready : { type: 'Ready', status: 'False', reason: 'PromiseUnavailable', message: 'Cannot fulfil resource requests' }];
}

function availableCondition(isAvailable: boolean, standing: WorkflowOutcome['standing'], apiProblem: string | undefined): ConditionUpdate {
  const type = 'Available';
  if (isAvailable) return { type, status: 'True', reason: 'PromiseAvailable', message: 'Ready to fulfil resource requests' };
  if (standing === 'suspended') return { type, status: 'False', reason: 'WorkflowSuspended', message: 'Suspended' };
  return { type, status: 'False', reason: 'PromiseUnavailable', message: apiProblem === undefined ? 'Cannot fulfil resource requests' : `Cannot fulfil resource requests: ${apiProblem}` };
}

/** Pipelines that cannot be decoded are refused at the door; one that got in nevertheless is a failed workflow. */
function outcomeOf(snapshot: PromiseSnapshot, plan: WorkflowPlan, before: PromiseStatus): WorkflowOutcome {
  const { promise, configure, runs, now } = snapshot;
  const [problem] = workflowsOf(promise).problems;
  if (problem) {
    return {
      fields: {},
      pipelines: [],
      run: before.kratix?.workflows?.run,
      conditions: [{ type: COMPLETED, status: 'False', reason: 'ConfigureWorkflowFailed', message: `A Configure Pipeline has failed: ${problem.field}: ${problem.message}` }],
      standing: 'failed',
    };
  }
  return workflowOutcome(before as WorkflowStatus, configure, plan, troubleOf(plan, runs, before.kratix?.workflows?.pipelines ?? []), now);
}

/**
 * A Promise serves when its kind is served, what it requires is there, and its own workflow succeeded once. It goes on
 * serving while that workflow runs again.
 */
function canServe(promise: PlatformPromise, crd: CustomResourceDefinition | undefined, fulfilled: boolean, outcome: WorkflowOutcome, before: PromiseStatus): boolean {
  const isServed = apiOf(promise) === undefined || (crd !== undefined && isEstablished(crd));
  const hasRun = outcome.standing === 'succeeded' || outcome.standing === 'none' || before.lastAvailableTime !== undefined;
  return isServed && fulfilled && hasRun;
}

function apiFacts(promise: PlatformPromise): { readonly kind?: string; readonly apiVersion?: string } {
  const api = apiOf(promise);
  return api ? { kind: api.spec.names.kind, apiVersion: `${api.spec.group}/${storageVersion(api)}`.toLowerCase() } : {};
}

const unavailable = (status: PromiseStatus): PromiseStatus => ({ ...status, status: 'Unavailable', kratix: { ...status.kratix, status: 'Unavailable' } });

const withConditions = (status: PromiseStatus, updates: readonly ConditionUpdate[], now: number): PromiseStatus => ({
  ...status,
  conditions: setConditions(status.conditions as readonly Condition[] | undefined, updates, now),
});
