import type { CustomResourceDefinition, PlatformPromise, PromiseRevision, Work } from '@plinth/api';
import type { PlatformConfig } from '../config.ts';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import { nextRunAt } from '../workflow/interval.ts';
import type { Runs } from '../workflow/observe.ts';
import type { Workflow } from '../workflow/pipeline.ts';
import { planWorkflow, type WorkflowPlan } from '../workflow/plan.ts';
import { type SnapshotObject, workflowSnapshot } from '../workflow/snapshot.ts';
import { apiOf } from './api.ts';
import type { Requirement } from './requirements.ts';
import { workflowsOf } from './workflows.ts';

export interface PromiseSnapshot {
  readonly promise: PlatformPromise;
  /** The CRD that stands in the API server for it. */
  readonly crd: CustomResourceDefinition | undefined;
  readonly configure: Workflow;
  readonly delete: Workflow;
  readonly runs: Runs;
  /** Of the Promise itself: its workflows' and its static dependencies'. */
  readonly works: readonly Work[];
  readonly revisions: readonly PromiseRevision[];
  /** `undefined`: they are not followed. */
  readonly requests: readonly ResourceRequest[] | undefined;
  readonly requirements: readonly Requirement[];
  readonly requiredBy: NonNullable<NonNullable<PlatformPromise['status']>['requiredBy']>;
  readonly config: PlatformConfig;
  readonly now: number;
}

export type PromisePlan =
  | { readonly type: 'ignore' }
  | { readonly type: 'paused' }
  | { readonly type: 'active'; readonly workflow: WorkflowPlan; readonly wakeAt: number | undefined }
  | { readonly type: 'deleteWorkflow'; readonly workflow: WorkflowPlan; readonly wakeAt: number | undefined }
  /** It is over: its finalizer goes, so that it is not started again when its Jobs are gone. */
  | { readonly type: 'endDeleteWorkflow' }
  /** The stages of deletion, in order; each waits until nothing is left of it. */
  | { readonly type: 'deleteRequests' }
  | { readonly type: 'deleteWorks' }
  | { readonly type: 'deleteCrd' }
  | { readonly type: 'letGo' };

/** Decides what a Promise needs (contract, sections 2.1 and 2.5). */
export function planPromise(snapshot: PromiseSnapshot): PromisePlan {
  const { promise, now, config } = snapshot;
  if (isMarked(promise, LABELS.paused)) return { type: 'paused' };
  if (promise.metadata.deletionTimestamp) return planDeletion(snapshot);

  const due = nextRunAt(promise.status ?? {}, promise.spec?.workflows?.config?.reconciliationInterval, config);
  const wasPaused = findCondition(promise.status?.conditions, 'Reconciled')?.reason === 'PausedReconciliation';
  const workflow: WorkflowPlan = workflowsOf(promise).problems.length > 0 ? { type: 'empty' } : planWorkflow(workflowSnapshot(promise as SnapshotObject, snapshot.configure, snapshot.runs, { isManual: due !== undefined && due <= now, isFromStart: wasPaused }, now));
  return { type: 'active', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : due };
}

function planDeletion(snapshot: PromiseSnapshot): PromisePlan {
  const { promise, crd, works, requests } = snapshot;
  const finalizers = promise.metadata.finalizers ?? [];
  if (!finalizers.some((name) => (PROMISE_FINALIZERS as readonly string[]).includes(name))) return { type: 'ignore' };
  if (snapshot.delete.pipelines.length > 0 && finalizers.includes(FINALIZERS.promise.deleteWorkflows)) {
    const workflow = planWorkflow(workflowSnapshot(promise as SnapshotObject, snapshot.delete, snapshot.runs, {}, snapshot.now));
    if (workflow.type === 'succeeded') return { type: 'endDeleteWorkflow' };
    return { type: 'deleteWorkflow', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : undefined };
  }
  // Without a CRD there can be no requests; with one they have to be looked at.
  if (crd && !crd.metadata.deletionTimestamp && (requests === undefined || requests.length > 0)) return { type: 'deleteRequests' };
  if (works.length > 0) return { type: 'deleteWorks' };
  return crd ? { type: 'deleteCrd' } : { type: 'letGo' };
}

export const PROMISE_FINALIZERS = Object.values(FINALIZERS.promise);

/** Those that this Promise needs, in the order in which Kratix adds them. */
export function wantedFinalizers(promise: PlatformPromise): readonly string[] {
  const { resourceRequests, dependants, crd, dependencies, workflows, deleteWorkflows, revisions } = FINALIZERS.promise;
  const hasDeletePipeline = workflowsOf(promise).promise.delete.length > 0;
  return [...(apiOf(promise) ? [resourceRequests, dependants, crd] : []), dependencies, workflows, ...(hasDeletePipeline ? [deleteWorkflows] : []), revisions];
}
