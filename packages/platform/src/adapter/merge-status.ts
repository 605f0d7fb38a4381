import { timeText } from '@plinth/apimachinery';
import { type Condition } from '../conditions.ts';
import { type PipelinesStatus, withKeyedPipelines } from '../workflow/keyed-pipelines.ts';
import type { WorkflowAction, WorkflowType } from '../workflow/pipeline.ts';
import type { Suspension } from './metadata-files.ts';

type Json = Readonly<Record<string, unknown>>;

export interface PipelineEnd {
  /** Of the object that the run was made for. */
  readonly generation: number;
  readonly pipelineName: string;
  readonly isLast: boolean;
  readonly type: WorkflowType;
  readonly action: WorkflowAction;
  readonly isDryRun?: boolean;
  /** From `status.yaml`. */
  readonly reported: Json;
  readonly suspension: Suspension | undefined;
  /** In ms. */
  readonly now: number;
}

/** One entry of `status.kratix.workflows.pipelines`. */
export interface PipelineStatus {
  readonly name: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Suspended';
  readonly message?: string;
  readonly nextRetryAt?: string;
  readonly attempts?: number;
  readonly lastTransitionTime?: string;
}

/**
 * The status of an object after one of its pipelines came to its end (contract, section 3.8): what the pipeline reported,
 * top-level keys replaced whole and conditions by type; then how the workflow stands.
 */
export function mergeStatus(before: Json, end: PipelineEnd): Json {
  const { conditions: reportedConditions, ...reported } = end.reported;
  const merged: Record<string, unknown> = { ...before, ...reported };
  let conditions = mergeConditions((before['conditions'] ?? []) as readonly Condition[], reportedConditions, end.now);

  const kratix = (before['kratix'] ?? {}) as Json;
  const workflows = (kratix['workflows'] ?? {}) as Json;
  const pipelines = (workflows['pipelines'] ?? []) as readonly PipelineStatus[];
  const own = pipelines.find((pipeline) => pipeline.name === end.pipelineName);
  const updated = { ...workflows, pipelines: replace(pipelines, endedPipeline(own, end)) } as Record<string, unknown>;

  if (end.suspension) {
    updated['suspendedGeneration'] = end.generation;
  } else if (end.isLast) {
    delete updated['suspendedGeneration'];
    conditions = replaceCondition(conditions, {
      type: 'ConfigureWorkflowCompleted',
      status: 'True',
      reason: 'PipelinesExecutedSuccessfully',
      message: 'Pipelines completed',
      lastTransitionTime: timeText(end.now),
    });
    // What stands there in place of it (why the object was not ready) does not count.
    const replaced = (kratix['replacedMessage'] ?? {}) as Json;
    const message = merged['message'] === replaced['shown'] ? (replaced['original'] ?? merged['message']) : merged['message'];
    if (message === 'Pending') merged['message'] = end.isDryRun ? 'Dry run executed' : end.type === 'promise' ? 'Promise configured' : 'Resource requested';
  }
  return { ...merged, conditions, kratix: { ...kratix, workflows: withKeyedPipelines(updated as PipelinesStatus, end.action, ownNames(workflows, end)) } };
}

/** While an object is deleted, the list holds the pipelines of both actions. */
function ownNames(workflows: PipelinesStatus, { action, pipelineName }: PipelineEnd): ReadonlySet<string> | undefined {
  return action === 'configure' ? undefined : new Set([...(workflows.delete?.pipelines ?? []).map(({ name }) => name ?? ''), pipelineName]);
}

function endedPipeline(before: PipelineStatus | undefined, { pipelineName, suspension, now }: PipelineEnd): PipelineStatus {
  const phase = suspension ? 'Suspended' : 'Running';
  const lastTransitionTime = before?.phase === phase && before.lastTransitionTime ? before.lastTransitionTime : timeText(now);
  if (!suspension) return { name: pipelineName, phase, lastTransitionTime };
  return {
    name: pipelineName,
    phase,
    ...(suspension.message ? { message: suspension.message } : {}),
    ...(suspension.retryAfterMs === undefined ? {} : { nextRetryAt: timeText(Math.ceil((now + suspension.retryAfterMs) / 1000) * 1000), attempts: (before?.attempts ?? 0) + 1 }),
    lastTransitionTime,
  };
}

function replace(pipelines: readonly PipelineStatus[], update: PipelineStatus): readonly PipelineStatus[] {
  return pipelines.some((pipeline) => pipeline.name === update.name)
    ? pipelines.map((pipeline) => (pipeline.name === update.name ? update : pipeline))
    : [...pipelines, update];
}

function mergeConditions(before: readonly Condition[], reported: unknown, now: number): readonly Condition[] {
  if (!Array.isArray(reported)) return before;
  let conditions = before;
  for (const entry of reported as readonly Partial<Condition>[]) {
    if (typeof entry?.type !== 'string') continue;
    const { type, status = 'Unknown', reason = 'ReportedByPipeline', message = '', lastTransitionTime = timeText(now) } = entry;
    conditions = replaceCondition(conditions, { type, status, reason, message, lastTransitionTime });
  }
  return conditions;
}

const replaceCondition = (conditions: readonly Condition[], update: Condition): readonly Condition[] =>
  [...conditions.filter((condition) => condition.type !== update.type), update].sort((left, right) => (left.type < right.type ? -1 : 1));
