import { isAlreadyExists } from '@plinth/apimachinery';
import { jobs, type Job, type PlatformPromise } from '@plinth/api';
import { ANNOTATIONS } from '../naming/labels.ts';
import { specHash } from '../naming/spec-hash.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted, ensureObject } from '../runtime/ensure-object.ts';
import { BY_PIPELINE } from '../runtime/informers.ts';
import { buildJob } from './job.ts';
import { runOf } from './job-state.ts';
import type { Pipeline, Workflow } from './pipeline.ts';
import { buildPipelineObjects, type DesiredObject, pipelineKey } from './pipeline-objects.ts';
import type { WorkflowPlan } from './plan.ts';

/**
 * Makes the objects that a pipeline needs (ServiceAccount, roles, the ConfigMap with the selectors) be there, and takes
 * away what it was allowed before and is not any more. Those of one pipeline are the same for all requests of a
 * namespace, so this mostly writes nothing, and requests that come together wait for the first one's writes.
 */
export function ensurePipelineObjects(context: PlatformContext, promise: PlatformPromise, workflow: Workflow, index: number): Promise<void> {
  const pipeline = workflow.pipelines[index]!;
  const key = [pipelineKey(workflow, pipeline), workflow.subject.namespace, specHash(promise.spec)].join('#');
  const underWay = ensuring.get(context.informers) ?? new Map<string, Promise<void>>();
  ensuring.set(context.informers, underWay);
  const existing = underWay.get(key);
  if (existing) return existing;
  const started = ensureObjects(context, promise, workflow, pipeline).finally(() => underWay.delete(key));
  underWay.set(key, started);
  return started;
}

const ensuring = new WeakMap<PlatformContext['informers'], Map<string, Promise<void>>>();

async function ensureObjects(context: PlatformContext, promise: PlatformPromise, workflow: Workflow, pipeline: Pipeline): Promise<void> {
  const { client, informers } = context;
  const objects = buildPipelineObjects(workflow, pipeline, promise.spec?.destinationSelectors ?? []);
  await revoke(context, pipelineKey(workflow, pipeline), objects);
  // A binding needs its role for the API server's check of escalation; the objects of one kind do not depend on each other.
  const isBinding = (kind: string): boolean => kind.endsWith('RoleBinding');
  const ensure = async (wanted: readonly DesiredObject[]): Promise<void> => {
    await Promise.all(wanted.map((object) => ensureObject(client, informers.pipelineObjects.get(object.kind)!, object, { adopt: object.kind !== 'ServiceAccount' })));
  };
  await ensure(objects.filter((object) => !isBinding(object.kind)));
  await ensure(objects.filter((object) => isBinding(object.kind)));
}

/** Roles and bindings of exactly this pipeline (its version, type, action and namespace) that it does not ask for any more. */
async function revoke({ client, informers }: PlatformContext, pipeline: string, wanted: readonly DesiredObject[]): Promise<void> {
  const key = ({ kind, metadata }: DesiredObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
  const kept = new Set(wanted.map(key));
  const obsolete = [...informers.pipelineObjects.values()].flatMap((informer) =>
    informer.byIndex(BY_PIPELINE, pipeline).filter((object) => !kept.has(key({ ...object, kind: informer.resource.kind } as DesiredObject)) && !object.metadata.deletionTimestamp).map((object) => [informer.resource, object] as const),
  );
  await Promise.all(obsolete.map(([resource, object]) => ensureDeleted(client, resource, object)));
}

/**
 * Makes the Job of a plan of type `start`. Making it twice is making it once: its name follows from the run. Should
 * the five characters at the end of the name be those of another run, the next five are taken.
 */
export async function startPipeline({ client, config }: PlatformContext, workflow: Workflow, plan: WorkflowPlan & { readonly type: 'start' }): Promise<void> {
  const isLast = plan.index === workflow.pipelines.length - 1;
  for (let salt = 0; salt < MAX_NAMES; salt += 1) {
    const job = buildJob(workflow, { pipeline: workflow.pipelines[plan.index]!, isLast, run: plan.run, salt }, config) as unknown as Job;
    try {
      await client.create(jobs, job);
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await client.find<Job>(jobs, { namespace: job.metadata.namespace!, name: job.metadata.name });
      if (!found || isSameRun(found, job)) return;
    }
  }
  throw new Error(`failed to start pipeline ${workflow.pipelines[plan.index]!.metadata.name} of ${workflow.subject.plural}/${workflow.subject.name}: ${MAX_NAMES} names for its Job are taken by others in namespace ${workflow.subject.pipelineNamespace}`);
}

/** Whether the API server would take the Job of a plan of type `start`. Errors: why it would not. */
export async function tryPipeline({ client, config }: PlatformContext, workflow: Workflow, plan: WorkflowPlan & { readonly type: 'start' }): Promise<void> {
  const job = buildJob(workflow, { pipeline: workflow.pipelines[plan.index]!, isLast: plan.index === workflow.pipelines.length - 1, run: plan.run, salt: 0 }, config) as unknown as Job;
  await client.create(jobs, job, { dryRun: true }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

const isSameRun = (found: Job, wanted: Job): boolean =>
  runOf(found) === runOf(wanted) && IDENTITY.every((annotation) => found.metadata.annotations?.[annotation] === wanted.metadata.annotations?.[annotation]);

const IDENTITY = [ANNOTATIONS.jobResourceNamespace, ANNOTATIONS.jobResourceName, ANNOTATIONS.jobResourceKind, ANNOTATIONS.jobResourceApiVersion];
const MAX_NAMES = 5;

/** Asks Kubernetes to end a running Job; its pod goes, its record stays. */
export async function stopPipeline({ client }: PlatformContext, job: Job): Promise<void> {
  if (job.spec?.suspend) return;
  await client.patch(jobs, { namespace: job.metadata.namespace!, name: job.metadata.name }, 'merge', { spec: { suspend: true } });
}
