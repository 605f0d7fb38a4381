import type { PipelineStatus, WorkflowRun } from '@plinth/api';
import type { WorkflowAction } from './pipeline.ts';

/** `status.kratix.workflows`, as far as it tells of pipelines. */
export interface PipelinesStatus {
  /** The list that Kratix shows up to v0.125: of both actions, each name once. The engine goes by it. */
  readonly pipelines?: readonly PipelineStatus[];
  readonly suspendedGeneration?: number;
  readonly run?: WorkflowRun;
  /** What Kratix shows later (its issue 933). */
  readonly configure?: KeyedPipelines;
  readonly delete?: KeyedPipelines;
}

export interface KeyedPipelines {
  readonly pipelines?: readonly KeyedPipeline[];
  readonly suspendedGeneration?: number;
}

/** `hash`: of the specs with which the pipeline ran last; absent as long as it did not. */
export type KeyedPipeline = PipelineStatus & { readonly hash?: string };

/**
 * Repeats what `pipelines` says under the key of the action, for clients of either layout: a list of its own per action,
 * each entry with the hash of its last run. `own` are the names of the action's pipelines; those of a configure workflow
 * are all that the list holds while it runs. The key of the other action stays as it is: how an object was made can be read
 * there while it is taken away.
 */
export function withKeyedPipelines<T extends PipelinesStatus>(workflows: T, action: WorkflowAction, own?: ReadonlySet<string>): T {
  const before = workflows[action]?.pipelines;
  const entries = (workflows.pipelines ?? []).filter(({ name }) => !own || own.has(name ?? ''));
  if (entries.length === 0 && !before) return workflows;
  const { run, suspendedGeneration } = workflows;
  const pipelines = entries.map((entry): KeyedPipeline => {
    const last = before?.find(({ name }) => name === entry.name)?.hash;
    const hash = entry.phase !== 'Pending' && run?.action === action ? run.hash : last;
    return { ...entry, ...(hash === undefined ? {} : { hash }) };
  });
  const isSuspended = suspendedGeneration !== undefined && pipelines.some(({ phase }) => phase === 'Suspended');
  return { ...workflows, [action]: { pipelines, ...(isSuspended ? { suspendedGeneration } : {}) } };
}
