import type { EventRecorder } from '@plinth/controller-runtime';
import { type Condition, findCondition } from '../conditions.ts';
import { isWell } from '../health-record/aggregate.ts';
import type { Workflow } from '../workflow/pipeline.ts';
import { COMPLETED } from '../workflow/status.ts';
import type { RequestPlan, RequestSnapshot } from './plan.ts';
import type { RequestStatus } from './request.ts';

/** Tells of what changed in a request, once for each change (contract, section 6.5). */
export function recordRequestEvents(recorder: EventRecorder, snapshot: RequestSnapshot, plan: RequestPlan, after: RequestStatus): void {
  const { request } = snapshot;
  const before = request.status ?? {};
  const normal = (reason: string, message: string): void => recorder.record(request, { type: 'Normal', reason, message });
  const warning = (reason: string, message: string): void => recorder.record(request, { type: 'Warning', reason, message });

  if (plan.type === 'configure' && plan.workflow.type === 'start' && plan.workflow.first) normal('ReconcileStarted', `reconciling resource request with promise revision ${revisionName(snapshot)}`);
  if (plan.type === 'configure' && plan.workflow.type === 'start') normal('PipelineStarted', `Configure Pipeline started: ${nameAt(snapshot.configure, plan.workflow.index)}`);
  if (plan.type === 'deleteWorkflow' && plan.workflow.type === 'start') normal('PipelineStarted', `Delete Pipeline started: ${nameAt(snapshot.delete, plan.workflow.index)}`);

  const changed = (type: string): Condition | undefined => {
    const now = findCondition(after.conditions, type);
    const previous = findCondition(before.conditions, type);
    return now && (now.reason !== previous?.reason || now.message !== previous.message) ? now : undefined;
  };
  const completed = changed(COMPLETED);
  // "A Configure Pipeline has failed: P: container C: cause" -> Kratix's words for the event, and the cause.
  if (completed?.reason === 'ConfigureWorkflowFailed') warning(completed.reason, completed.message.replace('A Configure Pipeline', 'A resource/configure Pipeline'));

  const works = changed('WorksSucceeded');
  if (works?.status === 'True') normal('WorksSucceeded', works.message);
  if (works?.status === 'False') warning(works.reason, works.message);

  const reconciled = changed('Reconciled');
  if (reconciled?.status === 'True') normal('ReconcileSucceeded', 'Successfully reconciled');
  if (reconciled?.reason === 'PausedReconciliation') warning(reconciled.reason, 'reconciliation is paused by the label kratix.io/paused');
  if (reconciled?.reason === 'PromiseRevisionNotFound') warning('FailedPromiseRevisionLookup', plan.type === 'unresolved' ? plan.problem : reconciled.message);
  if (reconciled?.reason === 'WorkflowSuspended') warning(reconciled.reason, 'the workflow is suspended by the label kratix.io/workflow-suspended');

  const deleted = changed('DeleteWorkflowCompleted');
  if (deleted?.reason === 'DeleteWorkflowFailed') warning('Failed Pipeline', deleted.message);
  if (deleted?.reason === 'DeleteWorkflowSuspended' && plan.type === 'deleteWorkflow' && plan.workflow.type === 'suspended') normal('PipelineSuspended', `Delete Pipeline suspended: ${nameAt(snapshot.delete, plan.workflow.index)}`);

  const { promiseVersion: version, resourceBindingVersion: wanted } = after;
  if (before.promiseVersion !== undefined && version !== before.promiseVersion) normal('ReconcileSucceeded', `Resource request reconciled with promise ${snapshot.promise.metadata.name} version ${version}`);
  if (before.resourceBindingVersion !== undefined && wanted !== before.resourceBindingVersion) normal('ResourceBindingVersionUpdated', `ResourceBinding asks for version ${wanted} now, it was ${before.resourceBindingVersion}`);

  const state = after.healthStatus?.state;
  if (state && state !== before.healthStatus?.state) (isWell(state) ? normal : warning)('HealthRecord', `Health state is ${state}`);
}

const revisionName = ({ resolution }: RequestSnapshot): string => (resolution.type === 'resolved' ? resolution.revision?.metadata.name : undefined) ?? '';
const nameAt = (workflow: Workflow, index: number): string => workflow.pipelines[index]?.metadata.name ?? '';
