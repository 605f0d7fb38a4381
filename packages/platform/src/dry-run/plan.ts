import type { DryRun, PlatformPromise, Work } from '@plinth/api';
import { findCondition, isTrue } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { apiOf } from '../promise/api.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import { worksStanding } from '../work/standing.ts';
import type { Component } from './components.ts';
import { buildChild } from './objects.ts';

export interface DryRunSnapshot {
  readonly dryRun: DryRun;
  readonly isEnabled: boolean;
  readonly promise: PlatformPromise | undefined;
  /** Whether the requests of the Promise that are dry runs are known. */
  readonly isFollowed: boolean;
  /** Whether there may be a request although none is known: they are still being listed. */
  readonly isListing: boolean;
  /** The request that is run in place of the real one. */
  readonly request: ResourceRequest | undefined;
  /** Of the output of that request. */
  readonly components: readonly Component[];
  readonly children: readonly DryRun[];
  readonly summary: Work | undefined;
  /** Whether there is a Destination for dry runs. */
  readonly hasDestination: boolean;
  /** How many DryRuns this one is below. */
  readonly depth: number;
  /** In ms. */
  readonly now: number;
}

export type DryRunPlan =
  | { readonly type: 'none' }
  | { readonly type: 'addFinalizer' }
  | { readonly type: 'createRequest' }
  | { readonly type: 'createChildren'; readonly children: readonly DryRun[] }
  | { readonly type: 'writeSummary' }
  /** Something else has to happen first, and will wake us; `wakeAt` (ms): at the latest then. */
  | { readonly type: 'wait'; readonly reason: WaitReason; readonly message: string; readonly wakeAt?: number }
  | { readonly type: 'complete'; readonly status: 'True' | 'False'; readonly reason: 'SummaryWritten' | 'PipelineFailed'; readonly message: string }
  /** It is over, and what it ran must not run again. */
  | { readonly type: 'pauseRequest' }
  /** Everything that it made goes before it does. */
  | { readonly type: 'cleanUp' }
  | { readonly type: 'letGo' };

export type WaitReason = 'FeatureDisabled' | 'WaitingForPromise' | 'WorkflowRunning' | 'WaitingForDestination' | 'WaitingForComponents' | 'WritingSummary';

/** Compound requests of compound requests are followed so deep. */
export const MAX_DEPTH = 5;
/** How long the components of a compound request may take, in ms (contract, section 7.6). */
export const COMPONENTS_TIMEOUT_MS = 10 * 60 * 1000;

/** Decides what a DryRun needs. One that has its condition `Completed` stays as it is. */
export function planDryRun(snapshot: DryRunSnapshot): DryRunPlan {
  const { dryRun, isEnabled, promise, request, isFollowed } = snapshot;
  const holds = dryRun.metadata.finalizers?.includes(FINALIZERS.dryRun) ?? false;
  if (dryRun.metadata.deletionTimestamp) {
    if (!holds || snapshot.isListing) return { type: 'none' };
    return request || snapshot.summary || snapshot.children.length > 0 ? { type: 'cleanUp' } : { type: 'letGo' };
  }
  if (isCompleted(dryRun)) return request && !isMarked(request, LABELS.paused) && !request.metadata.deletionTimestamp ? { type: 'pauseRequest' } : { type: 'none' };
  if (!isEnabled) return wait('FeatureDisabled', 'Dry runs are off: set featureFlags.dryRun in the ConfigMap kratix of namespace kratix-platform-system');
  if (!holds) return { type: 'addFinalizer' };
  const name = dryRun.spec?.promiseRef?.name ?? '';
  if (!promise) return wait('WaitingForPromise', `Promise ${name} not found`);
  if (!apiOf(promise)) return { type: 'complete', status: 'False', reason: 'PipelineFailed', message: `Promise ${name} offers no API to request` };
  if (!isFollowed) return wait('WaitingForPromise', `Promise ${name} does not serve requests yet`);
  if (!request) return { type: 'createRequest' };
  return planRunning(snapshot, request);
}

function planRunning(snapshot: DryRunSnapshot, request: ResourceRequest): DryRunPlan {
  const { dryRun, hasDestination, depth, now } = snapshot;
  const conditions = request.status?.conditions;
  const workflow = findCondition(conditions, 'ConfigureWorkflowCompleted');
  if (workflow?.reason === 'ConfigureWorkflowFailed') return { type: 'complete', status: 'False', reason: 'PipelineFailed', message: workflow.message ?? '' };
  const worked = findCondition(conditions, 'WorksSucceeded');
  if (worked?.status === 'False') return { type: 'complete', status: 'False', reason: 'PipelineFailed', message: worked.message ?? '' };
  if (worked?.status !== 'True' || request.status?.observedGeneration !== request.metadata.generation) {
    if (isTrue(conditions, 'ConfigureWorkflowCompleted') && !hasDestination) return wait('WaitingForDestination', 'No Destination has the label kratix.io/dry-run=true');
    return wait('WorkflowRunning', worked && isTrue(conditions, 'ConfigureWorkflowCompleted') ? (worked.message ?? '') : 'The workflow runs');
  }

  const wanted = depth < MAX_DEPTH ? snapshot.components.map((component) => buildChild(dryRun, component)) : [];
  const missing = wanted.filter((child) => !snapshot.children.some(({ metadata }) => metadata.name === child.metadata.name));
  if (missing.length > 0) return { type: 'createChildren', children: missing };
  const deadline = Date.parse(dryRun.metadata.creationTimestamp ?? '') + COMPONENTS_TIMEOUT_MS;
  const pending = snapshot.children.filter((child) => !isCompleted(child));
  if (pending.length > 0 && !(now >= deadline)) return wait('WaitingForComponents', `Waiting for the dry runs of components: ${pending.map(({ metadata }) => metadata.name).sort().join(', ')}`, deadline);

  if (!snapshot.summary) return { type: 'writeSummary' };
  const standing = worksStanding([snapshot.summary]);
  if (standing.state !== 'succeeded') return wait('WritingSummary', findCondition(snapshot.summary.status?.conditions, 'Written')?.message ?? 'The summary is being written');
  return { type: 'complete', status: 'True', reason: 'SummaryWritten', message: `Summary written by Work ${snapshot.summary.metadata.name}` };
}

export const isCompleted = (dryRun: DryRun): boolean => findCondition(dryRun.status?.conditions, 'Completed') !== undefined;

const wait = (reason: WaitReason, message: string, wakeAt?: number): DryRunPlan => ({ type: 'wait', reason, message, ...(wakeAt === undefined ? {} : { wakeAt }) });
