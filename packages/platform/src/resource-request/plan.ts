import type { HealthRecord, PlatformPromise, Work } from '@plinth/api';
import { findCondition } from '../conditions.ts';
import type { PlatformConfig } from '../config.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { failureOf, stallOf } from '../workflow/failure.ts';
import { nextRunAt } from '../workflow/interval.ts';
import { hashOf } from '../workflow/job-state.ts';
import type { Runs } from '../workflow/observe.ts';
import type { Workflow } from '../workflow/pipeline.ts';
import { planWorkflow, type WorkflowPlan } from '../workflow/plan.ts';
import type { ResourceRequest } from './request.ts';

export interface RequestSnapshot {
  readonly request: ResourceRequest;
  readonly promise: PlatformPromise;
  readonly configure: Workflow;
  readonly delete: Workflow;
  readonly runs: Runs;
  readonly works: readonly Work[];
  readonly healthRecords: readonly HealthRecord[];
  readonly config: PlatformConfig;
  /** In ms. */
  readonly now: number;
}

export type RequestPlan =
  | { readonly type: 'ignore' }
  | { readonly type: 'paused' }
  /** The Promise's requirements are not met: nothing new is started. */
  | { readonly type: 'blocked' }
  | {
      readonly type: 'configure';
      readonly workflow: WorkflowPlan;
      /** When to look again although nothing changed (ms). */
      readonly wakeAt: number | undefined;
    }
  | { readonly type: 'deleteWorkflow'; readonly workflow: WorkflowPlan; readonly wakeAt: number | undefined }
  /** It is over: its finalizer goes, so that it is not started again when its Jobs are gone. */
  | { readonly type: 'endDeleteWorkflow' }
  /** Works and Jobs go; the Works take the files with them. */
  | { readonly type: 'cleanUp' }
  /** Everything that the request made is gone. */
  | { readonly type: 'letGo' };

/** Decides what a request needs (contract, sections 6.1 and 6.4). */
export function planRequest(snapshot: RequestSnapshot): RequestPlan {
  const { request, promise } = snapshot;
  if (isMarked(request, LABELS.paused) || isMarked(promise, LABELS.paused)) return { type: 'paused' };
  if (request.metadata.deletionTimestamp) return planDeletion(snapshot);
  if (promise.metadata.deletionTimestamp) return { type: 'ignore' };
  if (findCondition(promise.status?.conditions, 'RequirementsFulfilled')?.status === 'False') return { type: 'blocked' };

  const due = nextRunAt(request.status ?? {}, promise.spec?.workflows?.config?.reconciliationInterval, snapshot.config);
  const isDue = due !== undefined && due <= snapshot.now;
  const wasPaused = findCondition(request.status?.conditions, 'Reconciled')?.reason === 'PausedReconciliation';
  const workflow = planWorkflow(workflowSnapshot(snapshot, snapshot.configure, isDue, wasPaused));
  return { type: 'configure', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : due };
}

function planDeletion(snapshot: RequestSnapshot): RequestPlan {
  const { request, works, runs } = snapshot;
  if (!ownFinalizers(request)) return { type: 'ignore' };
  if (snapshot.delete.pipelines.length > 0 && request.metadata.finalizers?.includes(FINALIZERS.request.deleteWorkflows)) {
    const workflow = planWorkflow(workflowSnapshot(snapshot, snapshot.delete, false, false));
    if (workflow.type === 'succeeded') return { type: 'endDeleteWorkflow' };
    return { type: 'deleteWorkflow', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : undefined };
  }
  return works.length > 0 || runs.jobs.length > 0 ? { type: 'cleanUp' } : { type: 'letGo' };
}

function workflowSnapshot(snapshot: RequestSnapshot, workflow: Workflow, isDue: boolean, isFromStart: boolean) {
  const { request, runs, now } = snapshot;
  const state = request.status?.kratix?.workflows;
  return {
    workflow,
    jobs: runs.jobs,
    pipelines: state?.pipelines ?? [],
    generation: request.metadata.generation ?? 1,
    suspendedGeneration: state?.suspendedGeneration,
    isSuspended: isMarked(request, LABELS.workflowSuspended),
    isManual: isMarked(request, LABELS.manualReconciliation) || isDue,
    isFromStart: isFromStart || isMarked(request, LABELS.runFromStart),
    isStalled: runs.jobs[0] !== undefined && hashOf(runs.jobs[0]) !== workflow.hash && (stallOf(runs.pod) ?? failureOf(runs.pod)) !== undefined,
    now,
  };
}

export const ownFinalizers = (request: ResourceRequest): boolean =>
  request.metadata.finalizers?.some((name) => (REQUEST_FINALIZERS as readonly string[]).includes(name)) ?? false;

export const REQUEST_FINALIZERS = Object.values(FINALIZERS.request);

