import { healthRecords, jobs, type Work, works } from '@plinth/api';
import { type ApiResource, keyOf } from '@plinth/apimachinery';
import { dropFinalizers, patchStatus } from '@plinth/controller-runtime';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { deleteBindings } from '../resource-binding/apply.ts';
import { jobsToPrune, type WorkflowPlan } from '../workflow/plan.ts';
import { applyWorkflow } from '../workflow/apply.ts';
import { REQUEST_FINALIZERS, type RequestPlan, type RequestSnapshot } from './plan.ts';
import type { RequestStatus, ResourceRequest } from './request.ts';

/** Adds what every request carries: the Promise's label and the finalizers. Returns the request as it is then. */
export async function ensureRequestMetadata({ client, telemetry }: PlatformContext, resource: ApiResource, request: ResourceRequest, promiseName: string): Promise<ResourceRequest> {
  const { labels, finalizers = [], uid, resourceVersion } = request.metadata;
  const missing = REQUEST_FINALIZERS.filter((name) => !finalizers.includes(name));
  const annotations = telemetry.traceAnnotations(request);
  if (missing.length === 0 && labels?.[LABELS.promiseName] === promiseName && !annotations) return request;
  return client.patch<ResourceRequest>(resource, keyOf(request), 'merge', {
    metadata: { uid, resourceVersion, labels: { [LABELS.promiseName]: promiseName }, ...(annotations ? { annotations } : {}), finalizers: [...finalizers, ...missing] },
  });
}

/** Carries out a plan. The status is written before a Job starts, so that nothing a Job writes is overwritten. */
export async function applyRequest(context: PlatformContext, resource: ApiResource, snapshot: RequestSnapshot, plan: RequestPlan, status: RequestStatus): Promise<void> {
  const { client } = context;
  const { request } = snapshot;
  switch (plan.type) {
    case 'ignore':
      return;
    case 'paused':
    case 'blocked':
    case 'unresolved':
      await patchStatus(client, resource, request, status, { exclusive: true });
      return;
    case 'configure':
      await applyWorkflow(context, { resource, object: request, promise: snapshot.promise, workflow: snapshot.configure, plan: plan.workflow, status });
      if (HAS_ENDED.has(plan.workflow.type)) await prune(context, snapshot, plan.workflow.type !== 'failed');
      return;
    case 'deleteWorkflow':
      await applyWorkflow(context, { resource, object: request, promise: snapshot.promise, workflow: snapshot.delete, plan: plan.workflow, status });
      return;
    case 'endDeleteWorkflow':
      await dropFinalizers(client, resource, request, [FINALIZERS.request.deleteWorkflows]);
      return;
    case 'cleanUp':
      await Promise.all([
        ...snapshot.runs.jobs.map((job) => ensureDeleted(client, jobs, job)),
        ...snapshot.works.filter((work) => !work.metadata.deletionTimestamp).map((work) => ensureDeleted(client, works, work)),
      ]);
      return;
    case 'letGo':
      await Promise.all([deleteBindings(context, snapshot.bindings), ...snapshot.healthRecords.map((record) => ensureDeleted(client, healthRecords, record))]);
      await dropFinalizers(client, resource, request, REQUEST_FINALIZERS);
      return;
    default:
      plan satisfies never;
  }
}

const HAS_ENDED: ReadonlySet<WorkflowPlan['type']> = new Set(['empty', 'succeeded', 'failed']);

/** Old Jobs, and what pipelines made that the Promise no longer has, or has elsewhere. */
async function prune({ client, config }: PlatformContext, { runs, works: own, configure }: RequestSnapshot, hasSucceeded: boolean): Promise<void> {
  const names = new Set(configure.pipelines.map((pipeline) => pipeline.metadata.name));
  const isOurs = ({ metadata }: Work): boolean => names.has(metadata.labels?.[LABELS.pipelineName] ?? '') && metadata.namespace === configure.subject.pipelineNamespace;
  const obsolete = hasSucceeded ? own.filter((work) => !isOurs(work)) : [];
  await Promise.all([
    ...jobsToPrune(runs.jobs, config.jobsToKeep).map((job) => ensureDeleted(client, jobs, job)),
    ...obsolete.filter((work) => !work.metadata.deletionTimestamp).map((work) => ensureDeleted(client, works, work)),
  ]);
}
