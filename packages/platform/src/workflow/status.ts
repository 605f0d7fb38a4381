import type { PipelineStatus } from '@plinth/api';
import { type Condition, type ConditionUpdate, timestamp } from '../conditions.ts';
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
    readonly workflows?: {
      readonly pipelines?: readonly PipelineStatus[];
      readonly suspendedGeneration?: number;
      readonly lastSuccessfulConfigureWorkflowTime?: string;
    };
  };
}

export interface WorkflowOutcome {
  /** Fields to set in the status. */
  readonly fields: Pick<WorkflowStatus, 'message' | 'workflows' | 'workflowsSucceeded' | 'workflowsFailed'>;
  readonly pipelines: readonly PipelineStatus[];
  readonly conditions: readonly ConditionUpdate[];
  /** How the workflow stands, for the condition Reconciled. */
  readonly standing: 'none' | 'pending' | 'failed' | 'suspended' | 'succeeded';
}

/** What the pod and the Job of the current run say, with container and cause. */
export interface RunTrouble {
  /** The run failed, or is stuck. */
  readonly failure?: string;
  /** A container failed and is started again; kept in the status, because the pod is gone when the Job has failed. */
  readonly note?: string;
}

/**
 * How a configure workflow stands, in the words of section 2.6 and 3.7 of the contract.
 */
export function workflowOutcome(before: WorkflowStatus, workflow: Workflow, plan: WorkflowPlan, trouble: RunTrouble, now: number): WorkflowOutcome {
  const { failure, note } = trouble;
  const count = workflow.pipelines.length;
  const at = (done: number, current?: Partial<PipelineStatus> & { readonly phase: PipelineStatus['phase'] }): readonly PipelineStatus[] =>
    workflow.pipelines.map((pipeline, index) => {
      const phase = index < done ? ({ phase: 'Succeeded' } as const) : index === done && current ? current : ({ phase: 'Pending' } as const);
      return stamp(before.kratix?.workflows?.pipelines, { name: pipeline.metadata.name, ...phase }, now);
    });
  const counters = (succeeded: number, failed: number): WorkflowOutcome['fields'] => ({ workflows: count, workflowsSucceeded: succeeded, workflowsFailed: failed });
  const inProgress: ConditionUpdate = { type: COMPLETED, status: 'False', reason: 'PipelinesInProgress', message: 'Pipelines are still in progress' };
  const kept = (before.kratix?.workflows?.pipelines ?? []) as readonly PipelineStatus[];

  switch (plan.type) {
    case 'empty':
      return { fields: counters(0, 0), pipelines: [], conditions: [], standing: 'none' };
    case 'start':
      return {
        fields: { ...counters(plan.index, 0), ...(plan.first ? { message: 'Pending' } : {}) },
        pipelines: at(plan.index, { phase: 'Running', ...attemptsOf(kept, workflow.pipelines[plan.index]?.metadata.name, plan.first) }),
        conditions: [inProgress],
        standing: 'pending',
      };
    case 'stop':
      return { fields: {}, pipelines: kept, conditions: [inProgress], standing: 'pending' };
    case 'running': {
      if (plan.index < 0) return { fields: {}, pipelines: kept, conditions: [], standing: 'pending' };
      // The status-writer may have said the last word already; what it wrote stays.
      if (!failure) {
        const pipelines = note ? at(plan.index, { phase: 'Running', message: note }) : kept;
        return { fields: {}, pipelines, conditions: recovered(before, inProgress), standing: 'pending' };
      }
      const name = workflow.pipelines[plan.index]!.metadata.name;
      return { fields: counters(plan.index, 1), pipelines: at(plan.index, { phase: 'Failed', message: failure }), conditions: [failedCondition(name, failure)], standing: 'failed' };
    }
    case 'failed': {
      const name = workflow.pipelines[plan.index]!.metadata.name;
      const cause = failure ?? 'the Job failed';
      return { fields: counters(plan.index, 1), pipelines: at(plan.index, { phase: 'Failed', message: cause }), conditions: [failedCondition(name, cause)], standing: 'failed' };
    }
    case 'suspended':
      return { fields: counters(Math.max(0, plan.index), 0), pipelines: kept, conditions: [], standing: 'suspended' };
    case 'succeeded': {
      const completed: ConditionUpdate = { type: COMPLETED, status: 'True', reason: 'PipelinesExecutedSuccessfully', message: 'Pipelines completed' };
      return { fields: counters(count, 0), pipelines: at(count), conditions: [completed], standing: 'succeeded' };
    }
    default:
      return plan satisfies never;
  }
}

/** A run that was stuck and got on. */
function recovered(before: WorkflowStatus, inProgress: ConditionUpdate): readonly ConditionUpdate[] {
  const condition = before.conditions?.find(({ type }) => type === COMPLETED);
  return condition?.reason === 'ConfigureWorkflowFailed' ? [inProgress] : [];
}

const failedCondition = (pipeline: string, cause: string): ConditionUpdate => ({
  type: COMPLETED,
  status: 'False',
  reason: 'ConfigureWorkflowFailed',
  message: `A Configure Pipeline has failed: ${pipeline}: ${cause}`,
});

/** A resumed pipeline counts on. */
function attemptsOf(pipelines: readonly PipelineStatus[], name: string | undefined, first: boolean): { attempts?: number } {
  const attempts = first ? undefined : pipelines.find((pipeline) => pipeline.name === name)?.attempts;
  return attempts === undefined ? {} : { attempts };
}

/** The time moves with the phase. */
function stamp(before: readonly PipelineStatus[] | undefined, update: PipelineStatus, now: number): PipelineStatus {
  const previous = before?.find((pipeline) => pipeline.name === update.name);
  const lastTransitionTime = previous?.phase === update.phase ? previous?.lastTransitionTime : undefined;
  return { ...update, lastTransitionTime: lastTransitionTime ?? timestamp(now) };
}

export const COMPLETED = 'ConfigureWorkflowCompleted';
