import type { Job, PipelineStatus } from '@plinth/api';
import { LABELS } from '../naming/labels.ts';
import { actionOf, generationOf, jobState, newestFirst, pipelineHashOf, pipelineNameOf, runOf } from './job-state.ts';
import { type LastRun, lastRun, type RecordedRuns } from './last-run.ts';
import type { Workflow } from './pipeline.ts';

/** What is known of a workflow when its next move is decided. */
export interface WorkflowSnapshot extends RecordedRuns {
  readonly workflow: Workflow;
  /** All Jobs of the object, of any action and hash. */
  readonly jobs: readonly Job[];
  readonly generation: number;
  readonly suspendedGeneration: number | undefined;
  /** `kratix.io/workflow-suspended`. */
  readonly isSuspended: boolean;
  /** `kratix.io/manual-reconciliation`, or the interval is over: run from the start, now. */
  readonly isManual: boolean;
  /** Run from the start, after what runs. */
  readonly isFromStart: boolean;
  /** The newest Job cannot get on (an image that cannot be pulled, a container that fails again and again): a new hash does not wait for it. */
  readonly isStalled: boolean;
  /** In ms. */
  readonly now: number;
}

/** The next move of a workflow. */
export type WorkflowPlan =
  | { readonly type: 'empty' }
  /** Start a Job for `pipelines[index]`; `run` is its number. `first`: the workflow begins anew. */
  | { readonly type: 'start'; readonly index: number; readonly run: number; readonly first: boolean }
  /** The Job of `pipelines[index]` runs (`index` is -1 for one of an older Promise or of another action). */
  | { readonly type: 'running'; readonly index: number; readonly job: Job }
  /** Suspend this Job, because a new run was asked for; its end wakes us. */
  | { readonly type: 'stop'; readonly job: Job }
  /** `job` is absent when somebody deleted it. */
  | { readonly type: 'failed'; readonly index: number; readonly pipeline: string; readonly job: Job | undefined }
  /** A pipeline asked to wait: until `retryAt` (ms), or until the label goes. */
  | { readonly type: 'suspended'; readonly index: number; readonly retryAt: number | undefined }
  | { readonly type: 'succeeded' };

/**
 * Decides the next move. One Job of an object runs at a time; a changed spec lets a running Job come to its end, only a
 * manual reconciliation stops it (contract, sections 3.6, 3.7, 3.9, 3.10). Delete workflows run all their pipelines, in
 * order, as configure workflows do.
 */
export function planWorkflow(snapshot: WorkflowSnapshot): WorkflowPlan {
  const { workflow, isManual, isFromStart, recorded } = snapshot;
  const { pipelines } = workflow;
  if (pipelines.length === 0) return { type: 'empty' };

  const jobs = newestFirst(snapshot.jobs);
  const run = jobs.reduce((highest, job) => Math.max(highest, runOf(job)), recorded?.number ?? 0) + 1;
  const fromStart: WorkflowPlan = { type: 'start', index: 0, run, first: true };

  const running = jobs.find((job) => jobState(job) === 'running');
  const last = lastRun(workflow.action, jobs, snapshot, (name) => pipelines.at(-1)?.metadata.name === name);
  const index = last ? pipelines.findIndex((pipeline) => pipeline.metadata.name === last.pipeline) : -1;
  const isCurrent = last !== undefined && last.hash === workflow.hash && index >= 0 && (!last.job || pipelineHashOf(last.job) === pipelines[index]!.metadata.labels?.[LABELS.pipelineHash]);

  if (running) {
    const isObsolete = snapshot.isStalled && running === last?.job && !isCurrent;
    if (isManual || isObsolete) return { type: 'stop', job: running };
    return { type: 'running', index: running === last?.job && isCurrent ? index : -1, job: running };
  }
  if (isManual || isFromStart) return fromStart;

  const suspendedIndex = pipelines.findIndex((pipeline) => snapshot.pipelines.some((status) => status.name === pipeline.metadata.name && status.phase === 'Suspended'));
  // What suspended it may belong to the other action: whoever waits for an approval can be deleted.
  const isElsewhere = suspendedIndex < 0 && snapshot.suspendedGeneration !== undefined;
  if (snapshot.isSuspended && !isElsewhere) {
    if (snapshot.suspendedGeneration !== undefined && snapshot.generation > snapshot.suspendedGeneration) return fromStart;
    const retryAt = retryTime(snapshot.pipelines, pipelines[suspendedIndex]?.metadata.name);
    if (retryAt === undefined || retryAt > snapshot.now) return { type: 'suspended', index: suspendedIndex, retryAt };
  }
  if (!isCurrent) return fromStart;
  // The object was changed and changed back: the run may have failed because it saw the other one, and nobody waits for that.
  if (last.state === 'failed' && last.job && generationOf(last.job) < snapshot.generation) return fromStart;
  if (suspendedIndex >= 0) return { type: 'start', index: suspendedIndex, run, first: false };
  return next(last, index, pipelines.length, run);
}

function next(last: LastRun, index: number, count: number, run: number): WorkflowPlan {
  switch (last.state) {
    case 'failed':
      return { type: 'failed', index, pipeline: last.pipeline, job: last.job };
    // We stopped it for a new run and forgot, or somebody else did: the run that was asked for is still to come.
    case 'stopped':
      return { type: 'start', index: 0, run, first: true };
    // Written down and not made, or deleted while it ran: the same run, so that making it twice is making it once.
    case 'missing':
      return { type: 'start', index, run: last.number, first: index === 0 };
    case 'succeeded':
      return index + 1 < count ? { type: 'start', index: index + 1, run, first: false } : { type: 'succeeded' };
    case 'running':
      throw new Error('a running Job is dealt with before');
    default:
      return last.state satisfies never;
  }
}

function retryTime(statuses: readonly PipelineStatus[], name: string | undefined): number | undefined {
  const at = statuses.find((status) => status.name === name)?.nextRetryAt;
  const time = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? undefined : time;
}

/** Of each pipeline, what is beyond the number to keep; the newest of all stays in any case. */
export function jobsToPrune(jobs: readonly Job[], keep: number): readonly Job[] {
  const byPipeline = Map.groupBy(newestFirst(jobs), (job) => `${actionOf(job)}/${pipelineNameOf(job)}`);
  return [...byPipeline.values()].flatMap((sorted) => sorted.slice(Math.max(1, keep)).filter((job) => jobState(job) !== 'running'));
}
