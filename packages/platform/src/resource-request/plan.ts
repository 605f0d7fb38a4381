import type { HealthRecord, PlatformPromise, ResourceBinding, Work } from '@plinth/api';
import type { AppliedStanding } from '../applied/applied-standing.ts';
import { findCondition } from '../conditions.ts';
import type { PlatformConfig } from '../config.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import type { Resolution } from '../resource-binding/resolve-revision.ts';
import { nextRunAt, usableInterval } from '../workflow/interval.ts';
import type { Runs } from '../workflow/observe.ts';
import type { Workflow } from '../workflow/pipeline.ts';
import { planWorkflow, type WorkflowPlan } from '../workflow/plan.ts';
import { workflowSnapshot } from '../workflow/snapshot.ts';
import type { Chain } from '../why/chain.ts';
import type { RequestStatus, ResourceRequest } from './request.ts';

export interface RequestSnapshot {
  /** How what Works hold stands at their destinations. */
  readonly applied: (works: readonly Work[]) => AppliedStanding;
  readonly request: ResourceRequest;
  /** With the spec of the revision that the request uses. */
  readonly promise: PlatformPromise;
  readonly resolution: Resolution;
  /** Those labelled for it. */
  readonly bindings: readonly ResourceBinding[];
  readonly configure: Workflow;
  readonly delete: Workflow;
  readonly runs: Runs;
  readonly works: readonly Work[];
  /** A Work that a pipeline wrote is not there any more: somebody deleted it. */
  readonly hasLostWork: boolean;
  readonly healthRecords: readonly HealthRecord[];
  /** What stands between the request and its service, for the case that it is not ready. */
  readonly chain: (status: RequestStatus) => Chain;
  readonly config: PlatformConfig;
  /** In ms. */
  readonly now: number;
}

export type RequestPlan =
  | { readonly type: 'ignore' }
  | { readonly type: 'paused' }
  /** The Promise's requirements are not met, or it has never been available: nothing new is started. */
  | { readonly type: 'blocked'; readonly by: 'requirements' | 'promise' }
  /** It is not known which version of the Promise it uses. A binding, or a revision, wakes us. */
  | { readonly type: 'unresolved'; readonly problem: string }
  | { readonly type: 'configure'; readonly workflow: WorkflowPlan }
  | { readonly type: 'deleteWorkflow'; readonly workflow: WorkflowPlan }
  /** It is over: its finalizer goes, so that it is not started again when its Jobs are gone. */
  | { readonly type: 'endDeleteWorkflow' }
  /** Works and Jobs go; the Works take the files with them. */
  | { readonly type: 'cleanUp' }
  /** Everything that the request made is gone. */
  | { readonly type: 'letGo' };

/** Decides what a request needs (contract, sections 6.1 and 6.4). */
export function planRequest(snapshot: RequestSnapshot): RequestPlan {
  const { request, promise, resolution, runs, now, config } = snapshot;
  if (isMarked(request, LABELS.paused) || isMarked(promise, LABELS.paused)) return { type: 'paused' };
  if (request.metadata.deletionTimestamp) return planDeletion(snapshot);
  if (promise.metadata.deletionTimestamp) return { type: 'ignore' };
  if (findCondition(promise.status?.conditions, 'RequirementsFulfilled')?.status === 'False') return { type: 'blocked', by: 'requirements' };
  if (!hasServed(promise)) return { type: 'blocked', by: 'promise' };
  if (resolution.type === 'unresolved') return { type: 'unresolved', problem: resolution.problem };

  const due = nextRunAt(request.status ?? {}, intervalOf(snapshot), config);
  const wasPaused = findCondition(request.status?.conditions, 'Reconciled')?.reason === 'PausedReconciliation';
  const workflow = planWorkflow(workflowSnapshot(request, snapshot.configure, runs, { isManual: due !== undefined && due <= now, isFromStart: wasPaused || snapshot.hasLostWork }, now));
  return { type: 'configure', workflow };
}

function planDeletion(snapshot: RequestSnapshot): RequestPlan {
  const { request, works, runs, now, config } = snapshot;
  if (!ownFinalizers(request)) return { type: 'ignore' };
  if (snapshot.delete.pipelines.length > 0 && request.metadata.finalizers?.includes(FINALIZERS.request.deleteWorkflows)) {
    const due = nextRunAt(request.status ?? {}, intervalOf(snapshot), config, 'delete');
    const workflow = planWorkflow(workflowSnapshot(request, snapshot.delete, runs, { isManual: due !== undefined && due <= now }, now));
    if (workflow.type === 'succeeded') return { type: 'endDeleteWorkflow' };
    return { type: 'deleteWorkflow', workflow };
  }
  return works.length > 0 || runs.jobs.length > 0 ? { type: 'cleanUp' } : { type: 'letGo' };
}

/** A Promise that was available once goes on serving while its own workflow runs again. */
export const hasServed = (promise: PlatformPromise): boolean => promise.status?.lastAvailableTime !== undefined;

/** When to look again although nothing changed, in ms: as the status says after the plan is carried out. */
export function nextLookAt(snapshot: RequestSnapshot, plan: RequestPlan, status: RequestStatus): number | undefined {
  if (plan.type !== 'configure' && plan.type !== 'deleteWorkflow') return undefined;
  if (plan.workflow.type === 'suspended') return plan.workflow.retryAt;
  return nextRunAt(status, intervalOf(snapshot), snapshot.config, plan.type === 'configure' ? 'configure' : 'delete');
}

/** The annotation of the revision, what the revision says, and for the rest the platform's (contract, section 3.9). */
function intervalOf({ resolution, promise }: RequestSnapshot): string | undefined {
  const revision = resolution.type === 'resolved' ? resolution.revision : undefined;
  return usableInterval(revision?.metadata.annotations?.[ANNOTATIONS.reconciliationInterval], promise.spec?.workflows?.config?.reconciliationInterval);
}

export const ownFinalizers = (request: ResourceRequest): boolean =>
  request.metadata.finalizers?.some((name) => (REQUEST_FINALIZERS as readonly string[]).includes(name)) ?? false;

export const REQUEST_FINALIZERS = Object.values(FINALIZERS.request);
