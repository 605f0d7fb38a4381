import type { Job, PipelineStatus, WorkflowRun } from '@plinth/api';
import { wasNotStarted } from './start-failure.ts';
import { actionOf, hashOf, type JobState, jobState, pipelineNameOf, runOf } from './job-state.ts';
import type { WorkflowAction } from './pipeline.ts';

/** The newest run of a workflow. */
export interface LastRun {
  readonly number: number;
  readonly hash: string;
  readonly pipeline: string;
  /** Absent when somebody deleted it, or when it is still to be made. */
  readonly job: Job | undefined;
  /** `missing`: it has not come to its end and has no Job. */
  readonly state: JobState | 'missing';
}

/** What the object's status says of its runs. */
export interface RecordedRuns {
  /** `status.kratix.workflows.run`; absent in objects that Kratix worked on. */
  readonly recorded: WorkflowRun | undefined;
  /** `status.kratix.workflows.pipelines`. */
  readonly pipelines: readonly PipelineStatus[];
  /** The condition ConfigureWorkflowCompleted is true: the last pipeline of a configure workflow ended well. */
  readonly isCompleted: boolean;
}

/**
 * Finds the newest run of an action: the newest Job, unless the status knows of a later run. So what was reached is not
 * lost with Jobs that somebody deleted, and a run that was written down is started even if we were killed before that.
 * `jobs` come newest first; `isLast` says whether a pipeline is the last one of the workflow.
 */
export function lastRun(action: WorkflowAction, jobs: readonly Job[], { recorded, pipelines, isCompleted }: RecordedRuns, isLast: (pipeline: string) => boolean): LastRun | undefined {
  const job = jobs.find((one) => actionOf(one) === action);
  if (recorded?.action === action && (!job || runOf(job) < (recorded.number ?? 0))) {
    const { number = 0, hash = '', pipeline = '' } = recorded;
    const hasCompleted = action === 'configure' && isCompleted && isLast(pipeline);
    return { number, hash, pipeline, job: undefined, state: hasCompleted ? 'succeeded' : stateIn(pipelines.find(({ name }) => name === pipeline)) };
  }
  return job && { number: runOf(job), hash: hashOf(job), pipeline: pipelineNameOf(job), job, state: jobState(job) };
}

function stateIn(entry: PipelineStatus | undefined): LastRun['state'] {
  switch (entry?.phase) {
    // A suspended pipeline came to its end; that it has to run again is said by its phase.
    case 'Succeeded':
    case 'Suspended':
      return 'succeeded';
    case 'Failed':
      return wasNotStarted(entry) ? 'missing' : 'failed';
    default:
      return 'missing';
  }
}
