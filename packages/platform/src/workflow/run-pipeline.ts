import { isAlreadyExists } from '@plinth/apimachinery';
import { jobs, type Job, type PlatformPromise } from '@plinth/api';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureObject } from '../runtime/ensure-object.ts';
import { buildJob } from './job.ts';
import type { Workflow } from './pipeline.ts';
import { buildPipelineObjects } from './pipeline-objects.ts';
import type { WorkflowPlan } from './plan.ts';

/**
 * Makes the objects that a pipeline needs (ServiceAccount, roles, the ConfigMap with the selectors), where they are not
 * there already. Those of one pipeline are the same for all requests of a namespace, so this mostly writes nothing.
 */
export async function ensurePipelineObjects({ client, informers }: PlatformContext, promise: PlatformPromise, workflow: Workflow, index: number): Promise<void> {
  const objects = buildPipelineObjects(workflow, workflow.pipelines[index]!, promise.spec?.destinationSelectors ?? []);
  // A binding needs its role for the API server's check of escalation; the objects of one kind do not depend on each other.
  const isBinding = (kind: string): boolean => kind.endsWith('RoleBinding');
  const ensure = async (wanted: readonly (typeof objects)[number][]): Promise<void> => {
    await Promise.all(wanted.map((object) => ensureObject(client, informers.pipelineObjects.get(object.kind)!, object, { adopt: object.kind !== 'ServiceAccount' })));
  };
  await ensure(objects.filter((object) => !isBinding(object.kind)));
  await ensure(objects.filter((object) => isBinding(object.kind)));
}

/** Starts the Job of a plan of type `start`. Starting it twice is starting it once. */
export async function startPipeline({ client, config }: PlatformContext, workflow: Workflow, plan: WorkflowPlan & { readonly type: 'start' }): Promise<void> {
  const isLast = plan.index === workflow.pipelines.length - 1 || workflow.action === 'delete';
  const job = buildJob(workflow, { pipeline: workflow.pipelines[plan.index]!, isLast, run: plan.run }, config);
  try {
    await client.create(jobs, job as unknown as Job);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Asks Kubernetes to end a running Job; its pod goes, its record stays. */
export async function stopPipeline({ client }: PlatformContext, job: Job): Promise<void> {
  if (job.spec?.suspend) return;
  await client.patch(jobs, { namespace: job.metadata.namespace!, name: job.metadata.name }, 'merge', { spec: { suspend: true } });
}
