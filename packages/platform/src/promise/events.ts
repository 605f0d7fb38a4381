import type { PromiseStatus } from '@plinth/api';
import type { EventRecorder } from '@plinth/controller-runtime';
import { type Condition, findCondition } from '../conditions.ts';
import { COMPLETED } from '../workflow/status.ts';
import type { PromisePlan, PromiseSnapshot } from './plan.ts';
import type { Requirement } from './requirements.ts';

/** Tells of what changed in a Promise, once for each change (contract, section 2.7). */
export function recordPromiseEvents(recorder: EventRecorder, snapshot: PromiseSnapshot, plan: PromisePlan, after: PromiseStatus): void {
  const { promise, requirements } = snapshot;
  const normal = (reason: string, message: string): void => recorder.record(promise, { type: 'Normal', reason, message });
  const warning = (reason: string, message: string): void => recorder.record(promise, { type: 'Warning', reason, message });

  if (plan.type === 'active' && plan.workflow.type === 'start') normal('PipelineStarted', `Configure Pipeline started: ${snapshot.configure.pipelines[plan.workflow.index]?.metadata.name}`);
  if (plan.type === 'deleteWorkflow' && plan.workflow.type === 'start') normal('PipelineStarted', `Delete Pipeline started: ${snapshot.delete.pipelines[plan.workflow.index]?.metadata.name}`);

  const changed = (type: string): (Condition & { readonly was: string | undefined }) | undefined => {
    const now = findCondition(after.conditions as readonly Condition[] | undefined, type);
    const before = findCondition(promise.status?.conditions as readonly Condition[] | undefined, type);
    return now && (now.reason !== before?.reason || now.message !== before.message) ? { ...now, was: before?.status } : undefined;
  };
  const requirement = changed('RequirementsFulfilled');
  if (requirement?.status === 'True') normal('RequirementsFulfilled', 'All required promises are available');
  if (requirement?.status === 'False') normal(requirement.reason, requirements.filter(({ state }) => state !== 'Requirement installed').map(describeMissing).join('; '));

  const available = changed('Available');
  if (available?.status === 'True' && available.was !== 'True') normal('Available', 'Promise is available');
  if (available?.reason === 'PromiseUnavailable' && available.was === 'True') warning('Unavailable', requirement?.status === 'False' ? 'Promise no longer available: Requirements have changed' : `Promise no longer available: ${available.message}`);

  // The condition is the status-writer's work, so that it is met is no change here; that the last pipeline succeeded is.
  if (plan.type === 'active' && plan.workflow.type === 'succeeded' && !haveSucceeded(promise.status)) normal(COMPLETED, 'All workflows completed');
  const completed = changed(COMPLETED);
  if (completed?.reason === 'ConfigureWorkflowFailed') warning(completed.reason, completed.message.replace('A Configure Pipeline', 'A promise/configure Pipeline'));

  const works = changed('WorksSucceeded');
  if (works?.status === 'True') normal('WorksSucceeded', works.message);
  if (works?.status === 'False') warning(works.reason, works.message);

  const reconciled = changed('Reconciled');
  if (reconciled?.status === 'True') normal('ReconcileSucceeded', 'Successfully reconciled');
  if (reconciled?.reason === 'PausedReconciliation') warning(reconciled.reason, 'reconciliation is paused by the label kratix.io/paused');
  if (reconciled?.reason === 'WorkflowSuspended') warning(reconciled.reason, 'the workflow is suspended by the label kratix.io/workflow-suspended');
  const deleted = changed('DeleteWorkflowCompleted');
  if (deleted?.reason === 'DeleteWorkflowFailed') warning('Failed Pipeline', 'The Delete Pipeline has failed');
  if (deleted?.reason === 'DeleteWorkflowSuspended') normal('PipelineSuspended', `Delete Pipeline suspended: ${snapshot.delete.pipelines[0]?.metadata.name}`);
}

const haveSucceeded = (status: PromiseStatus | undefined): boolean => status?.kratix?.workflows?.pipelines?.every(({ phase }) => phase === 'Succeeded') ?? false;

const describeMissing = ({ name, state }: Requirement): string => (state === 'Requirement not installed' ? `Required Promise ${name} not installed or unknown state` : `Waiting for required Promise ${name}: ${state}`);
