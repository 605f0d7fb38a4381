import { jobs, promises, works, type PlatformPromise, type Work } from '@plinth/api';
import { deepEqual, isNotFound, keyOf } from '@plinth/apimachinery';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted, ensureObject } from '../runtime/ensure-object.ts';
import { BY_SUBJECT, subjectKey } from '../runtime/informers.ts';
import { handedDownTrace } from '../telemetry/handed-down.ts';
import { jobsToPrune } from '../workflow/plan.ts';
import { apiOf, requestResource } from './api.ts';
import { controllerRole } from './controller-role.ts';
import { isEstablished, type Owned } from './deletion.ts';
import { ensureCrd } from './ensure-crd.ts';
import { PROMISE_FINALIZERS, type PromiseSnapshot, wantedFinalizers } from './plan.ts';
import type { RequestControllers } from './request-controllers.ts';
import { STATIC_DEPENDENCY, type StaticWorks } from './static-work.ts';
import { workflowsOf } from './workflows.ts';

/** Adds the finalizers that are missing, and drops the one of a delete pipeline that is no longer there. */
export async function ensureFinalizers({ client, telemetry }: PlatformContext, promise: PlatformPromise): Promise<PlatformPromise> {
  const { finalizers = [], uid, resourceVersion, name } = promise.metadata;
  const wanted = wantedFinalizers(promise);
  const isObsolete = (finalizer: string): boolean => (PROMISE_FINALIZERS as readonly string[]).includes(finalizer) && !wanted.includes(finalizer);
  const missing = wanted.filter((finalizer) => !finalizers.includes(finalizer));
  const annotations = telemetry.traceAnnotations(promise);
  if (missing.length === 0 && !finalizers.some(isObsolete) && !annotations) return promise;
  return client.patch<PlatformPromise>(promises, { name }, 'merge', { metadata: { uid, resourceVersion, ...(annotations ? { annotations } : {}), finalizers: [...finalizers.filter((finalizer) => !isObsolete(finalizer)), ...missing] } });
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
export async function ensureStaticWork({ client, informers, clock }: PlatformContext, promise: PlatformPromise, staticWorks: StaticWorks): Promise<void> {
  const wanted = staticWorks.of(promise);
  const existing = informers.works.byIndex(BY_SUBJECT, subjectKey(promise.metadata.name)).filter(({ metadata }) => metadata.labels?.[LABELS.workType] === STATIC_DEPENDENCY);
  const [current] = existing;
  // Said when it is written, and written only when it changed.
  const annotations = { [ANNOTATIONS.lastUpdatedAt]: new Date(clock.now()).toISOString(), ...handedDownTrace(promise) };
  if (!wanted) await Promise.all(existing.map((work) => ensureDeleted(client, works, work)));
  else if (!current) await client.create(works, { ...wanted, metadata: { ...wanted.metadata, annotations } });
  else if (!deepEqual(current.spec, wanted.spec) && !current.metadata.deletionTimestamp) {
    await client.update(works, { ...current, metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } }, spec: wanted.spec! });
  }
}

/** Follows the requests once their kind is served: also those of a Promise that cannot serve them yet, which say so. */
export async function ensureRequestController(controllers: RequestControllers, snapshot: PromiseSnapshot): Promise<void> {
  const api = apiOf(snapshot.promise);
  if (api && snapshot.crd && isEstablished(snapshot.crd)) await controllers.ensure(snapshot.promise.metadata.name, requestResource(api));
}

/** `kratix.io/reconcile-resources`: every request runs from the start. False: not yet, their first list brings us back. */
export async function reconcileResources({ client }: PlatformContext, snapshot: PromiseSnapshot): Promise<boolean> {
  const api = apiOf(snapshot.promise);
  if (api) {
    if (!snapshot.requests) return false;
    const marked = { metadata: { labels: { [LABELS.runFromStart]: 'true' } } };
    const resource = requestResource(api);
    await Promise.all(
      snapshot.requests.map((request) =>
        client.patch(resource, keyOf(request), 'merge', marked).catch((error: unknown) => {
          // Gone meanwhile: nothing is left to run.
          if (!isNotFound(error)) throw error;
        }),
      ),
    );
  }
  await client.patch(promises, { name: snapshot.promise.metadata.name }, 'merge', { metadata: { labels: { [LABELS.reconcileResources]: null } } });
  return true;
}

/** After a run: old Jobs and, when it succeeded, Works of pipelines that are no longer there. */
export async function prunePromise({ client, config }: PlatformContext, { promise, runs, works: own, configure }: PromiseSnapshot, hasSucceeded: boolean): Promise<void> {
  const names = new Set(configure.pipelines.map((pipeline) => pipeline.metadata.name));
  // Of pipelines that cannot be read nobody knows whether they are there.
  const isKnown = workflowsOf(promise).problems.length === 0;
  const isObsolete = ({ metadata: { labels, namespace } }: Work): boolean =>
    labels?.[LABELS.workType] !== STATIC_DEPENDENCY && (!names.has(labels?.[LABELS.pipelineName] ?? '') || namespace !== configure.subject.pipelineNamespace);
  const obsolete = hasSucceeded && isKnown ? own.filter(isObsolete) : [];
  await deleteAll(client, [...jobsToPrune(runs.jobs, config.jobsToKeep).map((object) => ({ resource: jobs, object })), ...obsolete.map((object) => ({ resource: works, object }))]);
}

/** Asks for the end of all that is not on its way out already. */
export async function deleteAll(client: PlatformContext['client'], objects: readonly Owned[]): Promise<void> {
  await Promise.all(objects.filter(({ object }) => !object.metadata.deletionTimestamp).map(({ resource, object }) => ensureDeleted(client, resource, object)));
}
