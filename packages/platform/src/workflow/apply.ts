import type { PlatformPromise } from '@plinth/api';
import { type ApiResource, keyOf, type KubeObject } from '@plinth/apimachinery';
import { patchStatus } from '@plinth/controller-runtime';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';
import { ensurePipelineObjects, startPipeline, stopPipeline } from './run-pipeline.ts';

export interface WorkflowMove {
  /** Of the object that the workflow belongs to. */
  readonly resource: ApiResource;
  readonly object: KubeObject;
  readonly promise: PlatformPromise;
  readonly workflow: Workflow;
  readonly plan: WorkflowPlan;
  /** The object's whole status after this move. */
  readonly status: unknown;
}

/**
 * Makes the next move of a workflow and writes the status that tells of it. A run is written down, then its labels go,
 * then its Job is made: killed in between, we find in the status what is still to be made, and nothing runs twice. The
 * status is written before the Job, so that nothing that the Job's containers write is overwritten.
 */
export async function applyWorkflow(context: PlatformContext, { resource, object, promise, workflow, plan, status }: WorkflowMove): Promise<void> {
  const writeStatus = patchStatus(context.client, resource, object, status, { exclusive: true });
  switch (plan.type) {
    case 'start':
      await Promise.all([writeStatus, ensurePipelineObjects(context, promise, workflow, plan.index)]);
      await removeOneShotLabels(context, resource, object);
      await startPipeline(context, workflow, plan);
      return;
    case 'stop':
      await Promise.all([writeStatus, stopPipeline(context, plan.job)]);
      return;
    default:
      await writeStatus;
  }
}

/** They asked for the run that is about to start. */
async function removeOneShotLabels({ client }: PlatformContext, resource: ApiResource, object: KubeObject): Promise<void> {
  const marked = [LABELS.manualReconciliation, LABELS.runFromStart, LABELS.workflowSuspended].filter((label) => isMarked(object, label));
  if (marked.length === 0) return;
  await client.patch(resource, keyOf(object), 'merge', { metadata: { labels: Object.fromEntries(marked.map((label) => [label, null])) } });
}
