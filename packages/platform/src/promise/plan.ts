import type { CustomResourceDefinition, PlatformPromise, PromiseRevision, PromiseStatus, Work } from '@plinth/api';
import type { PlatformConfig } from '../config.ts';
import type { AppliedStanding } from '../applied/applied-standing.ts';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import type { Chain } from '../why/chain.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import { nextRunAt, usableInterval } from '../workflow/interval.ts';
import type { Runs } from '../workflow/observe.ts';
import type { Workflow } from '../workflow/pipeline.ts';
import { planWorkflow, type WorkflowPlan } from '../workflow/plan.ts';
import { type SnapshotObject, workflowSnapshot } from '../workflow/snapshot.ts';
import { apiOf } from './api.ts';
import { DELETION_STAGES, type DeletionSnapshot, type DeletionStage, type Owned, STAGE_FINALIZERS } from './deletion.ts';
import type { Requirement } from './requirements.ts';
import { workflowsOf } from './workflows.ts';

export interface PromiseSnapshot {
  readonly promise: PlatformPromise;
  /** The revision of its version. */
  readonly revision: PromiseRevision | undefined;
  /** The CRD that stands in the API server for it. */
  readonly crd: CustomResourceDefinition | undefined;
  readonly configure: Workflow;
  readonly delete: Workflow;
  readonly runs: Runs;
  /** Of the Promise itself: its workflows' and its static dependencies'. */
  readonly works: readonly Work[];
  /** A Work that a pipeline wrote is not there any more: somebody deleted it. */
  readonly hasLostWork: boolean;
  /** How what Works hold stands at their destinations. */
  readonly applied: (works: readonly Work[]) => AppliedStanding;
  /** `undefined`: they are not followed. */
  readonly requests: readonly ResourceRequest[] | undefined;
  readonly requirements: readonly Requirement[];
  /** Why its API cannot be served. */
  readonly apiProblem: string | undefined;
  /** Only of a Promise on its way out. */
  readonly deletion: DeletionSnapshot | undefined;
  /** What stands between the Promise and what its destinations get from it, for the case that it is not ready. */
  readonly chain: (status: PromiseStatus) => Chain;
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
  /** One stage of the deletion: these go, and the finalizers of the stages before it. Its end wakes us. */
  | { readonly type: 'cleanUp'; readonly stage: DeletionStage; readonly objects: readonly Owned[]; readonly release: readonly string[] }
  /** Everything that the Promise made is gone. */
  | { readonly type: 'letGo' };

/** Decides what a Promise needs (contract, sections 2.1 and 2.5). */
export function planPromise(snapshot: PromiseSnapshot): PromisePlan {
  const { promise, now, config } = snapshot;
  if (isMarked(promise, LABELS.paused)) return { type: 'paused' };
  if (promise.metadata.deletionTimestamp) return planDeletion(snapshot);

  const due = nextRunAt(promise.status ?? {}, intervalOf(snapshot), config);
  const wasPaused = findCondition(promise.status?.conditions, 'Reconciled')?.reason === 'PausedReconciliation';
  const workflow: WorkflowPlan = workflowsOf(promise).problems.length > 0 ? { type: 'empty' } : planWorkflow(workflowSnapshot(promise as SnapshotObject, snapshot.configure, snapshot.runs, { isManual: due !== undefined && due <= now, isFromStart: wasPaused || snapshot.hasLostWork }, now));
  return { type: 'active', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : due };
}

function planDeletion(snapshot: PromiseSnapshot): PromisePlan {
  const { promise, deletion, runs, now, config } = snapshot;
  const finalizers = promise.metadata.finalizers ?? [];
  if (!deletion || !finalizers.some((name) => (PROMISE_FINALIZERS as readonly string[]).includes(name))) return { type: 'ignore' };
  if (snapshot.delete.pipelines.length > 0 && finalizers.includes(FINALIZERS.promise.deleteWorkflows)) {
    // What a pipeline of a request makes must not come after the clean-up. The end of each Job wakes us.
    if (deletion.hasRunningRequests) return { type: 'ignore' };
    const due = nextRunAt(promise.status ?? {}, intervalOf(snapshot), config, 'delete');
    const workflow = planWorkflow(workflowSnapshot(promise as SnapshotObject, snapshot.delete, runs, { isManual: due !== undefined && due <= now }, now));
    if (workflow.type === 'succeeded') return { type: 'endDeleteWorkflow' };
    return { type: 'deleteWorkflow', workflow, wakeAt: workflow.type === 'suspended' ? workflow.retryAt : due };
  }
  // Once its finalizer is gone the requests are not followed any more; one that comes later goes with its kind.
  const mayBeRequests = !deletion.areRequestsKnown && finalizers.includes(STAGE_FINALIZERS.requests);
  const stage = DELETION_STAGES.find((name) => deletion.left[name].length > 0 || (name === 'requests' && mayBeRequests));
  if (stage === undefined) return { type: 'letGo' };
  const done = DELETION_STAGES.slice(0, DELETION_STAGES.indexOf(stage)).map((name) => STAGE_FINALIZERS[name]);
  return { type: 'cleanUp', stage, objects: deletion.left[stage], release: [FINALIZERS.promise.deleteWorkflows, ...done].filter((name) => finalizers.includes(name)) };
}

/** The annotation of its revision, then its own, which that mirrors, then what the spec says, then the platform's (contract, section 3.9). */
const intervalOf = ({ promise, revision }: PromiseSnapshot): string | undefined =>
  usableInterval(...[revision, promise].map((one) => one?.metadata.annotations?.[ANNOTATIONS.reconciliationInterval]), promise.spec?.workflows?.config?.reconciliationInterval);

export const PROMISE_FINALIZERS = Object.values(FINALIZERS.promise);

/** Those that this Promise needs, in the order in which Kratix adds them. */
export function wantedFinalizers(promise: PlatformPromise): readonly string[] {
  const { resourceRequests, dependants, crd, dependencies, workflows, deleteWorkflows, revisions } = FINALIZERS.promise;
  const hasDeletePipeline = workflowsOf(promise).promise.delete.length > 0;
  return [...(apiOf(promise) ? [resourceRequests, dependants, crd] : []), dependencies, workflows, ...(hasDeletePipeline ? [deleteWorkflows] : []), revisions];
}
