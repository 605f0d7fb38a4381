import type { PipelineStatus } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { type ConditionUpdate, setConditions } from '../conditions.ts';
import { DELETED } from './delete-status.ts';
import { withKeyedPipelines } from './keyed-pipelines.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';
import { reconciledCondition } from './reconciled.ts';
import { COMPLETED, pipelinesAt, type WorkflowStatus } from './status.ts';

/** What a pipeline needs, or its Job, cannot be made. It is in the object's status; the controller tries again. */
export class PipelineStartError extends Error {
  constructor(workflow: Workflow, index: number, cause: Error) {
    const { subject } = workflow;
    super(`failed to start pipeline ${workflow.pipelines[index]!.metadata.name} of ${subject.plural}/${subject.name}: ${cause.message}`, { cause });
    this.name = 'PipelineStartError';
  }
}

type Start = WorkflowPlan & { readonly type: 'start' };

/**
 * The status of an object whose pipeline cannot be started: as it is, and why. A run that was written down is still to
 * come, and keeps its number. `now` in ms.
 */
export function failedStart(object: KubeObject & { readonly status?: WorkflowStatus }, workflow: Workflow, { index }: Start, error: Error, now: number): WorkflowStatus {
  const before = object.status ?? {};
  const message = `${NOT_STARTED}${error.message}`;
  const name = workflow.pipelines[index]!.metadata.name;
  const names = new Set(workflow.pipelines.map(({ metadata }) => metadata.name));
  const others = workflow.action === 'delete' ? (before.kratix?.workflows?.pipelines ?? []).filter((pipeline) => !names.has(pipeline.name ?? '')) : [];
  const conditions: readonly ConditionUpdate[] =
    workflow.action === 'delete'
      ? [{ type: DELETED, status: 'False', reason: 'DeleteWorkflowFailed', message: 'The Delete Pipeline has failed' }]
      : [{ type: COMPLETED, status: 'False', reason: 'ConfigureWorkflowFailed', message: `A Configure Pipeline has failed: ${name}: ${message}` }, reconciledCondition('failed', { state: 'pending' })];
  return {
    ...before,
    conditions: setConditions(before.conditions, conditions, now),
    kratix: { ...before.kratix, workflows: withKeyedPipelines({ ...before.kratix?.workflows, pipelines: [...others, ...pipelinesAt(before, workflow, index, { phase: 'Failed', message }, now)] }, workflow.action, names) },
  };
}

/** Whether the last attempt to start this pipeline failed. */
export const couldNotStart = (object: KubeObject & { readonly status?: WorkflowStatus }, workflow: Workflow, { index }: Start): boolean =>
  object.status?.kratix?.workflows?.pipelines?.some((pipeline) => pipeline.name === workflow.pipelines[index]?.metadata.name && wasNotStarted(pipeline)) ?? false;

/** Whether the entry tells of a Job that could not be made: it is still to come. */
export const wasNotStarted = ({ message }: PipelineStatus): boolean => message?.startsWith(NOT_STARTED) ?? false;

const NOT_STARTED = 'it cannot be started: ';
