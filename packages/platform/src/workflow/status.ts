import type { PipelineStatus, WorkflowRun } from '@plinth/api';
import { timeText } from '@plinth/apimachinery';
import { type Condition, type ConditionUpdate } from '../conditions.ts';
import type { PipelinesStatus } from './keyed-pipelines.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';

/** The part of a status that tells of a configure workflow: of Promises and of requests alike. */
export interface WorkflowStatus {
  readonly message?: string;
  readonly workflows?: number;
  readonly workflowsSucceeded?: number;
  readonly workflowsFailed?: number;
  readonly conditions?: readonly Condition[];
  readonly kratix?: {
    readonly workflows?: PipelinesStatus & { readonly lastSuccessfulConfigureWorkflowTime?: string };
    readonly replacedMessage?: { readonly original?: string; readonly shown?: string };
  };
}

export interface WorkflowOutcome {
  /** Fields to set in the status. */
  readonly fields: Pick<WorkflowStatus, 'message' | 'workflows' | 'workflowsSucceeded' | 'workflowsFailed'>;
  readonly pipelines: readonly PipelineStatus[];
  /** The run that was started last, or that this move starts. */
  readonly run: WorkflowRun | undefined;
  readonly conditions: readonly ConditionUpdate[];
  /** How the workflow stands, for the condition Reconciled. */
  readonly standing: 'none' | 'pending' | 'failed' | 'suspended' | 'succeeded';
}

/**
 * How a configure workflow stands, in the words of section 2.6 and 3.7 of the contract. `failure` says container and
 * cause when the run failed. A run that goes on may have one too: a container that is started again, or waits for an
 * image; that is said at once and taken back when the run gets on.
 */
export function workflowOutcome(before: WorkflowStatus, workflow: Workflow, plan: WorkflowPlan, failure: string | undefined, now: number): WorkflowOutcome {
  const count = workflow.pipelines.length;
  const at = (done: number, current?: CurrentPipeline): readonly PipelineStatus[] => pipelinesAt(before, workflow, done, current, now);
  const run = before.kratix?.workflows?.run;
  const counters = (succeeded: number, failed: number): WorkflowOutcome['fields'] => ({ workflows: count, workflowsSucceeded: succeeded, workflowsFailed: failed });
  const inProgress: ConditionUpdate = { type: COMPLETED, status: 'False', reason: 'PipelinesInProgress', message: 'Pipelines are still in progress' };
  const kept = (before.kratix?.workflows?.pipelines ?? []) as readonly PipelineStatus[];

  const failedOutcome = (index: number, cause: string): WorkflowOutcome => {
    const message = `A Configure Pipeline has failed: ${workflow.pipelines[index]!.metadata.name}: ${cause}`;
    return {
      fields: counters(index, 1),
      pipelines: at(index, { phase: 'Failed', message: cause }),
      run,
      conditions: [{ type: COMPLETED, status: 'False', reason: 'ConfigureWorkflowFailed', message }],
      standing: 'failed',
    };
  };

  switch (plan.type) {
    case 'empty':
      return { fields: counters(0, 0), pipelines: [], run, conditions: [], standing: 'none' };
    case 'start':
      return {
        fields: { ...counters(plan.index, 0), ...(plan.first ? { message: 'Pending' } : {}) },
        pipelines: at(plan.index, { phase: 'Running', ...attemptsOf(kept, workflow.pipelines[plan.index]?.metadata.name, plan.first) }),
        run: recordedRun(workflow, plan),
        conditions: [inProgress],
        standing: 'pending',
      };
    case 'stop':
      return { fields: {}, pipelines: kept, run, conditions: [inProgress], standing: 'pending' };
    case 'running': {
      if (plan.index < 0) return { fields: {}, pipelines: kept, run, conditions: [], standing: 'pending' };
      if (failure) return failedOutcome(plan.index, failure);
      // The status-writer may have said the last word already; what it wrote stays.
      if (!wasFailed(before)) return { fields: {}, pipelines: kept, run, conditions: [], standing: 'pending' };
      return { fields: counters(plan.index, 0), pipelines: at(plan.index, { phase: 'Running' }), run, conditions: [inProgress], standing: 'pending' };
    }
    case 'failed':
      return failedOutcome(plan.index, failure ?? 'the Job failed');
    case 'suspended':
      return { fields: plan.index < 0 ? {} : counters(plan.index, 0), pipelines: kept, run, conditions: [], standing: 'suspended' };
    case 'succeeded': {
      const completed: ConditionUpdate = { type: COMPLETED, status: 'True', reason: 'PipelinesExecutedSuccessfully', message: 'Pipelines completed' };
      return { fields: counters(count, 0), pipelines: at(count), run, conditions: [completed], standing: 'succeeded' };
    }
    default:
      return plan satisfies never;
  }
}

const wasFailed = (status: WorkflowStatus): boolean => status.conditions?.some(({ type, reason }) => type === COMPLETED && reason === 'ConfigureWorkflowFailed') ?? false;

export type CurrentPipeline = Partial<PipelineStatus> & { readonly phase: PipelineStatus['phase'] };

/** The entries of a workflow of which so many pipelines are done; the next one is `current`, the others are to come. */
export function pipelinesAt(before: WorkflowStatus, workflow: Workflow, done: number, current: CurrentPipeline | undefined, now: number): readonly PipelineStatus[] {
  return workflow.pipelines.map((pipeline, index) => {
    const phase = index < done ? ({ phase: 'Succeeded' } as const) : index === done && current ? current : ({ phase: 'Pending' } as const);
    return stamp(before.kratix?.workflows?.pipelines, { name: pipeline.metadata.name, ...phase }, now);
  });
}

/** Written before the Job is made: what was reached can be read from the status, whatever happens to the Jobs. */
export const recordedRun = ({ action, hash, pipelines }: Workflow, { run, index }: WorkflowPlan & { readonly type: 'start' }): WorkflowRun => ({
  number: run,
  action,
  hash,
  pipeline: pipelines[index]!.metadata.name,
});

/** A resumed pipeline counts on. */
export function attemptsOf(pipelines: readonly PipelineStatus[], name: string | undefined, first: boolean): { attempts?: number } {
  const attempts = first ? undefined : pipelines.find((pipeline) => pipeline.name === name)?.attempts;
  return attempts === undefined ? {} : { attempts };
}

/** The time moves with the phase. */
function stamp(before: readonly PipelineStatus[] | undefined, update: PipelineStatus, now: number): PipelineStatus {
  const previous = before?.find((pipeline) => pipeline.name === update.name);
  const lastTransitionTime = previous?.phase === update.phase ? previous?.lastTransitionTime : undefined;
  return { ...update, lastTransitionTime: lastTransitionTime ?? timeText(now) };
}

export const COMPLETED = 'ConfigureWorkflowCompleted';
