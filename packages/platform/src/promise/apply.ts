import { customResourceDefinitions, jobs, promiseRevisions, promises, works, type PlatformPromise } from '@plinth/api';
import { deepEqual, keyOf, type KubeObject } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted, ensureObject } from '../runtime/ensure-object.ts';
import { jobsToPrune } from '../workflow/plan.ts';
import { apiOf, requestResource } from './api.ts';
import { controllerRole } from './controller-role.ts';
import { ensureCrd } from './ensure-crd.ts';
import { PROMISE_FINALIZERS, type PromiseSnapshot, wantedFinalizers } from './plan.ts';
import type { RequestControllers } from './request-controllers.ts';
import { STATIC_DEPENDENCY, type StaticWorks } from './static-work.ts';
import { isEstablished } from './status.ts';

/** Adds the finalizers that are missing, and drops the one of a delete pipeline that is no longer there. */
export async function ensureFinalizers({ client }: PlatformContext, promise: PlatformPromise): Promise<PlatformPromise> {
  const { finalizers = [], uid, resourceVersion, name } = promise.metadata;
  const wanted = wantedFinalizers(promise);
  const isObsolete = (finalizer: string): boolean => (PROMISE_FINALIZERS as readonly string[]).includes(finalizer) && !wanted.includes(finalizer);
  const missing = wanted.filter((finalizer) => !finalizers.includes(finalizer));
  if (missing.length === 0 && !finalizers.some(isObsolete)) return promise;
  return client.patch<PlatformPromise>(promises, { name }, 'merge', { metadata: { uid, resourceVersion, finalizers: [...finalizers.filter((finalizer) => !isObsolete(finalizer)), ...missing] } });
}

/** The API of a Promise, and the controller's rights on it before it is served. */
export async function ensureApi(context: PlatformContext, promise: PlatformPromise): Promise<void> {
  const api = apiOf(promise);
  if (!api) return;
  await ensureControllerRole(context, promise);
  await ensureCrd(context, promise.metadata.name, api);
}

export async function ensureControllerRole({ client, informers }: PlatformContext, promise: PlatformPromise): Promise<void> {
  const api = apiOf(promise);
  if (!api) return;
  for (const object of controllerRole(promise.metadata.name, api)) await ensureObject(client, informers.pipelineObjects.get(object.kind)!, object);
}

/** The Work with the static dependencies: written when it differs, deleted when there are none any more. */
export async function ensureStaticWork({ client, informers }: PlatformContext, promise: PlatformPromise, staticWorks: StaticWorks): Promise<void> {
  const wanted = staticWorks.of(promise);
  const existing = informers.works.list({ labels: { [LABELS.promiseName]: promise.metadata.name, [LABELS.workType]: STATIC_DEPENDENCY } });
  const [current] = existing;
  if (!wanted) await Promise.all(existing.map((work) => ensureDeleted(client, works, work)));
  else if (!current) await client.create(works, wanted);
  else if (!deepEqual(current.spec, wanted.spec) && !current.metadata.deletionTimestamp) await client.update(works, { ...current, spec: wanted.spec! });
}

/** Follows the requests once their kind is served and the Promise can serve them (or is going, and they have to go first). */
export async function ensureRequestController(controllers: RequestControllers, snapshot: PromiseSnapshot, canServe: boolean): Promise<void> {
  const api = apiOf(snapshot.promise);
  if (!api || !snapshot.crd || !isEstablished(snapshot.crd)) return;
  if (canServe || controllers.get(snapshot.promise.metadata.name)) await controllers.ensure(snapshot.promise.metadata.name, requestResource(api));
}

/** `kratix.io/reconcile-resources`: every request runs from the start. */
export async function reconcileResources({ client }: PlatformContext, snapshot: PromiseSnapshot): Promise<void> {
  const api = apiOf(snapshot.promise);
  if (api) {
    // Not known yet: their first list brings us back.
    if (!snapshot.requests) return;
    const marked = { metadata: { labels: { [LABELS.runFromStart]: 'true' } } };
    await Promise.all(snapshot.requests.map((request) => client.patch(requestResource(api), keyOf(request), 'merge', marked)));
  }
  await client.patch(promises, { name: snapshot.promise.metadata.name }, 'merge', { metadata: { labels: { [LABELS.reconcileResources]: null } } });
}

/** After a run: old Jobs, and Works of pipelines that are no longer there. */
export async function prunePromise({ client, config }: PlatformContext, { runs, works: own, configure }: PromiseSnapshot): Promise<void> {
  const names = new Set(configure.pipelines.map((pipeline) => pipeline.metadata.name));
  const obsolete = own.filter((work) => work.metadata.labels?.[LABELS.workType] !== STATIC_DEPENDENCY && !names.has(work.metadata.labels?.[LABELS.pipelineName] ?? ''));
  await deleteAll(client, [...jobsToPrune(runs.jobs, config.jobsToKeep).map((job) => [jobs, job] as const), ...obsolete.map((work) => [works, work] as const)]);
}

export async function deleteRequests({ client }: PlatformContext, { promise, requests, runs }: PromiseSnapshot): Promise<void> {
  const resource = requestResource(apiOf(promise)!);
  await deleteAll(client, [...runs.jobs.map((job) => [jobs, job] as const), ...(requests ?? []).map((request) => [resource, request] as const)]);
}

export async function deleteWorks({ client }: PlatformContext, { works: own, runs }: PromiseSnapshot): Promise<void> {
  await deleteAll(client, [...runs.jobs.map((job) => [jobs, job] as const), ...own.map((work) => [works, work] as const)]);
}

/** What was made for the Promise's pipelines and requests, then the kind itself. */
export async function deleteCrd(context: PlatformContext, { promise, crd }: PromiseSnapshot): Promise<void> {
  await deleteDependants(context, promise);
  if (crd) await deleteAll(context.client, [[customResourceDefinitions, crd]]);
}

async function deleteDependants({ client, informers }: PlatformContext, promise: PlatformPromise): Promise<void> {
  const labels = { [LABELS.promiseName]: promise.metadata.name };
  const all = [...informers.pipelineObjects.values()].flatMap((informer) => informer.list({ labels }).map((object) => [informer.resource, object] as const));
  const revisions = informers.revisions.list({ labels }).map((revision) => [promiseRevisions, revision] as const);
  await deleteAll(client, [...all, ...revisions]);
}

export async function letGo(context: PlatformContext, { promise }: PromiseSnapshot): Promise<void> {
  await deleteDependants(context, promise);
  await dropFinalizers(context, promise, PROMISE_FINALIZERS);
}

export async function dropFinalizers({ client }: PlatformContext, promise: PlatformPromise, names: readonly string[]): Promise<void> {
  const { name, uid, resourceVersion, finalizers = [] } = promise.metadata;
  await client.patch(promises, { name }, 'merge', { metadata: { uid, resourceVersion, finalizers: finalizers.filter((finalizer) => !names.includes(finalizer)) } });
}

async function deleteAll(client: PlatformContext['client'], objects: readonly (readonly [resource: Parameters<typeof ensureDeleted>[1], object: KubeObject])[]): Promise<void> {
  await Promise.all(objects.filter(([, object]) => !object.metadata.deletionTimestamp).map(([resource, object]) => ensureDeleted(client, resource, object)));
}
