import type { PlatformPromise } from '@plinth/api';
import { type ApiResource, isConflict, keyOf, type KubeObject } from '@plinth/apimachinery';
import { patchStatus } from '@plinth/controller-runtime';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';
import { ensurePipelineObjects, startPipeline, stopPipeline, tryPipeline } from './run-pipeline.ts';
import { couldNotStart, failedStart, PipelineStartError } from './start-failure.ts';

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
  const writeStatus = (): Promise<KubeObject> => patchStatus(context.client, resource, object, status, { exclusive: true });
  switch (plan.type) {
    case 'start': {
      // What cannot be started is not said to run; after a failure the whole start is tried before it is.
      const orSay = async (step: Promise<void>): Promise<void> => step.catch((error: unknown) => reportFailedStart(context, resource, object, workflow, plan, error));
      await orSay(ensurePipelineObjects(context, promise, workflow, plan.index));
      if (couldNotStart(object, workflow, plan)) await orSay(tryPipeline(context, workflow, plan));
      await writeStatus();
      await removeOneShotLabels(context, resource, object);
      await orSay(startPipeline(context, workflow, plan));
      return;
    }
    case 'stop':
      await Promise.all([writeStatus(), stopPipeline(context, plan.job)]);
      return;
    default:
      await writeStatus();
  }
}

/** Always throws: trying again is the controller's business. */
async function reportFailedStart(context: PlatformContext, resource: ApiResource, object: KubeObject, workflow: Workflow, plan: WorkflowPlan & { readonly type: 'start' }, error: unknown): Promise<never> {
  // Somebody else wrote first: that brings the next pass.
  if (!(error instanceof Error) || isConflict(error)) throw error;
  const current = await context.client.find<KubeObject>(resource, keyOf(object));
  if (current && current.metadata.uid === object.metadata.uid) await patchStatus(context.client, resource, current, failedStart(current, workflow, plan, error, context.clock.now()));
  throw new PipelineStartError(workflow, plan.index, error);
}

/** They asked for the run that is about to start. */
async function removeOneShotLabels({ client }: PlatformContext, resource: ApiResource, object: KubeObject): Promise<void> {
  const marked = [LABELS.manualReconciliation, LABELS.runFromStart, LABELS.workflowSuspended].filter((label) => isMarked(object, label));
  if (marked.length === 0) return;
  await client.patch(resource, keyOf(object), 'merge', { metadata: { labels: Object.fromEntries(marked.map((label) => [label, null])) } });
}
