import type { PipelineStatus, WorkflowRun } from '@plinth/api';
import { type ConditionUpdate, setConditions } from '../conditions.ts';
import type { Runs } from './observe.ts';
import { withKeyedPipelines } from './keyed-pipelines.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';
import { troubleOf } from './trouble.ts';
import { attemptsOf, type CurrentPipeline, pipelinesAt, recordedRun, type WorkflowStatus } from './status.ts';

interface DeleteOutcome {
  readonly pipelines: readonly PipelineStatus[];
  readonly run: WorkflowRun | undefined;
  readonly conditions: readonly ConditionUpdate[];
}

/**
 * How a delete workflow stands. Its pipelines follow those of the configure workflow, which Kratix overwrites: how
 * the object was made is of interest as long as it is there. One of the same name takes the other's place.
 */
function deleteOutcome(before: WorkflowStatus, workflow: Workflow, plan: WorkflowPlan, failure: string | undefined, now: number): DeleteOutcome {
  const { pipelines: kept = [], run } = before.kratix?.workflows ?? {};
  const names = new Set(workflow.pipelines.map(({ metadata }) => metadata.name));
  const at = (done: number, current?: CurrentPipeline): readonly PipelineStatus[] => [...kept.filter(({ name }) => !names.has(name ?? '')), ...pipelinesAt(before, workflow, done, current, now)];
  switch (plan.type) {
    case 'start':
      return { pipelines: at(plan.index, { phase: 'Running', ...attemptsOf(kept, workflow.pipelines[plan.index]?.metadata.name, plan.first) }), run: recordedRun(workflow, plan), conditions: [] };
    case 'failed':
      return { pipelines: at(plan.index, { phase: 'Failed', message: failure ?? 'the Job failed' }), run, conditions: [{ type: DELETED, status: 'False', reason: 'DeleteWorkflowFailed', message: 'The Delete Pipeline has failed' }] };
    case 'suspended':
      return { pipelines: kept, run, conditions: [{ type: DELETED, status: 'False', reason: 'DeleteWorkflowSuspended', message: 'The delete workflow is suspended' }] };
    case 'empty':
    case 'running':
    case 'stop':
    case 'succeeded':
      return { pipelines: kept, run, conditions: [] };
    default:
      return plan satisfies never;
  }
}

/** The status of an object on its way out whose delete workflow makes this move. `now` in ms. */
export function withDeleteOutcome<T extends WorkflowStatus>(before: T, workflow: Workflow, plan: WorkflowPlan, runs: Runs, now: number): T {
  const { pipelines, run, conditions } = deleteOutcome(before, workflow, plan, troubleOf(plan, runs, before.kratix?.workflows?.pipelines ?? []), now);
  const { suspendedGeneration, ...rest } = before.kratix?.workflows ?? {};
  const names = new Set(workflow.pipelines.map(({ metadata }) => metadata.name));
  const workflows = withKeyedPipelines({ ...rest, ...(suspendedGeneration !== undefined && plan.type !== 'start' ? { suspendedGeneration } : {}), pipelines, ...(run ? { run } : {}) }, 'delete', names);
  return { ...before, kratix: { ...before.kratix, workflows }, ...(conditions.length > 0 ? { conditions: setConditions(before.conditions, conditions, now) } : {}) };
}

export const DELETED = 'DeleteWorkflowCompleted';
