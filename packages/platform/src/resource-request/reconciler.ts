import { jobs, works, type PlatformPromise, type PromiseRevision } from '@plinth/api';
import { type ApiResource, apiVersionOf, type KubeObject, keyOf } from '@plinth/apimachinery';
import { type Controller, createCache, done, type Request, retryAfter, runController } from '@plinth/controller-runtime';
import { isMarked, LABELS } from '../naming/labels.ts';
import { requestHash, specHash } from '../naming/spec-hash.ts';
import { workflowsOf } from '../promise/workflows.ts';
import { LATEST } from '../resource-binding/binding.ts';
import { type Resolution, resolveRevision } from '../resource-binding/resolve-revision.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { isNotPlaced, labelsChanged, subjectOfPlacement, troubleChanged } from '../why/wake.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { BY_PROMISE, BY_SUBJECT, subjectKey, subjectOfBinding, subjectOfHealthRecord, subjectOfJob, subjectOfWork } from '../runtime/informers.ts';
import { handedDownTrace } from '../telemetry/handed-down.ts';
import { traced } from '../telemetry/telemetry.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { observeChain } from '../why/observe-chain.ts';
import { observeRuns } from '../workflow/observe.ts';
import type { Workflow, WorkflowAction, WorkflowSubject } from '../workflow/pipeline.ts';
import { jobLooksDifferent, podLooksDifferent } from '../workflow/predicates.ts';
import { applyRequest, ensureRequestMetadata } from './apply.ts';
import { bind, takeOverManualReconciliation } from './bind.ts';
import { recordRequestEvents } from './events.ts';
import { hasLostWork } from '../workflow/lost-work.ts';
import { rememberOwnWrites } from './own-writes.ts';
import { nextLookAt, planRequest, type RequestSnapshot } from './plan.ts';
import { bindingLooksDifferent, promiseMatters, revisionMatters, workLooksDifferent } from './predicates.ts';
import type { ResourceRequest } from './request.ts';
import { requestStatus } from './status.ts';

/** The controller of one Promise's requests. */
export interface RequestController extends AsyncDisposable {
  readonly resource: ApiResource;
  readonly controller: Controller;
  /** All requests, of all namespaces. Empty until the first list is there. */
  readonly requests: () => readonly ResourceRequest[];
  readonly isSynced: () => boolean;
}

/**
 * Follows the requests of a Promise. Its informer lives in a cache of its own, because it ends with the Promise; writes
 * go through that cache, so that a pass sees what the pass before it wrote. `changed` is called when the requests are
 * known and, while the Promise is being deleted and waits for that, whenever one is gone.
 */
export function runRequestController(shared: PlatformContext, promiseName: string, resource: ApiResource, changed: () => void): RequestController {
  const { informers, clock, config } = shared;
  const ended = new AbortController();
  const signal = AbortSignal.any([shared.signal, ended.signal]);
  const own = rememberOwnWrites(shared.client, resource);
  const cache = createCache(own.client, { signal, clock, log: shared.log });
  const context: PlatformContext = { ...shared, client: cache.client, signal };
  const requests = cache.informer<ResourceRequest>(resource);
  let isSynced = false;
  requests.synced.then(
    () => {
      isSynced = true;
      changed();
    },
    () => {},
  );
  const unsubscribe = requests.subscribe({
    deleted: (request) => {
      own.forget(request);
      if (informers.promises.get({ name: promiseName })?.metadata.deletionTimestamp) changed();
    },
  });
  const recorder = shared.recorder('ResourceRequestController');

  const observe = (request: ResourceRequest, promise: PlatformPromise): RequestSnapshot => {
    const key = subjectKey(promiseName, request.metadata.namespace, request.metadata.name);
    const bindings = informers.bindings.byIndex(BY_SUBJECT, key);
    const resolution = resolveRevision({ request, promise, bindings, revisions: informers.revisions.byIndex(BY_PROMISE, promiseName), strategy: config.resourceBindingVersionStrategy });
    const used = promiseAt(promise, resolution);
    const version = resolution.type === 'resolved' && resolution.wanted !== LATEST ? resolution.version : undefined;
    const runs = observeRuns(informers, key);
    const works = informers.works.byIndex(BY_SUBJECT, key);
    return {
      request,
      promise: used,
      resolution,
      bindings,
      configure: workflowOf(used, request, resource, 'configure', version),
      delete: workflowOf(used, request, resource, 'delete', version),
      runs,
      works,
      hasLostWork: false,
      healthRecords: informers.healthRecords.byIndex(BY_SUBJECT, key),
      applied: shared.applied.of,
      chain: (status) => observeChain(informers, { type: 'request', object: request, status, promise, runs, works, bindings, resolution }),
      config,
      now: clock.now(),
    };
  };

  /** What a request carries before anything is made for it: finalizers first. */
  const prepare = async (found: ResourceRequest, promise: PlatformPromise): Promise<ResourceRequest> => {
    const isPaused = isMarked(found, LABELS.paused) || isMarked(promise, LABELS.paused);
    if (isPaused || found.metadata.deletionTimestamp || promise.metadata.deletionTimestamp) return found;
    const request = await ensureRequestMetadata(context, resource, found, promiseName);
    return takeOverManualReconciliation(context, resource, request, informers.bindings.byIndex(BY_SUBJECT, subjectKey(promiseName, request.metadata.namespace, request.metadata.name)));
  };

  const controller = runController({
    name: `request:${promiseName}`,
    signal,
    log: shared.log,
    clock,
    concurrency: 64,
    sources: [
      { informer: requests, predicate: (request, previous) => !previous || !own.isOwn(request) },
      { informer: informers.jobs, map: (job) => requestFrom(promiseName, subjectOfJob(job)), predicate: jobLooksDifferent },
      { informer: informers.pods, map: (pod) => requestFrom(promiseName, subjectOfPod(context, pod)), predicate: podLooksDifferent },
      { informer: informers.works, map: (work) => requestFrom(promiseName, subjectOfWork(work)), predicate: workLooksDifferent },
      // What a request that is not ready says of these.
      { informer: informers.workPlacements, map: (placement) => requestFrom(promiseName, subjectOfPlacement(context, placement)), predicate: troubleChanged },
      { informer: informers.destinations, map: () => requests.list().filter(isNotPlaced).map(keyOf), predicate: labelsChanged },
      // Whether reporters are alive is known before the first look.
      { informer: informers.leases, map: () => [] },
      { informer: informers.bindings, map: (binding) => requestFrom(promiseName, subjectOfBinding(binding)), predicate: bindingLooksDifferent },
      { informer: informers.revisions, map: (revision) => ((revision as PromiseRevision).spec?.promiseRef?.name === promiseName ? requests.list().map(keyOf) : []), predicate: revisionMatters },
      { informer: informers.healthRecords, map: (record) => requestFrom(promiseName, subjectOfHealthRecord(record)) },
      { informer: informers.settings, map: () => requests.list().map(keyOf) },
      { informer: informers.promises, map: (promise) => (promise.metadata.name === promiseName ? requests.list().map(keyOf) : []), predicate: promiseMatters },
    ],
    reconcile: traced(shared.telemetry, (key) => ({ name: `${promiseName}/DynamicResourceRequestReconcile`, object: requests.get(key) }), (key) =>
      skipConflict(async () => {
        const promise = informers.promises.get({ name: promiseName });
        const found = requests.get(key);
        if (!found) {
          await removeOrphans(context, resource, promiseName, key);
          return done;
        }
        if (!promise) return done;
        const request = await prepare(found, promise);
        let snapshot = observe(request, promise);
        let plan = planRequest(snapshot);
        if (plan.type === 'configure' && (await hasLostWork(context, snapshot, plan.workflow))) {
          snapshot = { ...snapshot, hasLostWork: true };
          plan = planRequest(snapshot);
        }
        const status = requestStatus(snapshot, plan);
        await allOf([applyRequest(context, resource, snapshot, plan, status), bind(context, recorder, snapshot, plan, status)]);
        recordRequestEvents(recorder, snapshot, plan, status);
        const lookAt = nextLookAt(snapshot, plan, status);
        return lookAt === undefined ? done : retryAfter(Math.max(0, lookAt - clock.now()));
      }),
    ),
  });
  const unfollow = shared.applied.onChange(promiseName, (subject) => {
    for (const request of requestFrom(promiseName, subject)) controller.enqueue(request);
  });
  return {
    resource,
    controller,
    requests: () => requests.list(),
    isSynced: () => isSynced,
    [Symbol.asyncDispose]: async () => {
      unsubscribe();
      unfollow();
      ended.abort();
      await controller[Symbol.asyncDispose]();
      await cache[Symbol.asyncDispose]();
    },
  };
}

/** Waits for all of them, so that nothing of a pass that failed is still under way in the next one. */
async function allOf(parts: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(parts)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The Promise as its request uses it: with the spec of the revision. */
function promiseAt(promise: PlatformPromise, resolution: Resolution): PlatformPromise {
  const spec = resolution.type === 'resolved' ? resolution.revision?.spec?.promiseSpec : undefined;
  return spec === undefined ? promise : { ...promise, spec };
}

/** The workflow of one action, as it is for this request now. `version`: the one that it is bound to, when it does not follow the latest. */
export function workflowOf(promise: PlatformPromise, request: ResourceRequest, resource: ApiResource, action: WorkflowAction, version?: string): Workflow {
  const namespace = request.metadata.namespace ?? '';
  const pipelineNamespace = promise.spec?.workflows?.config?.pipelineNamespace;
  const subject: WorkflowSubject = {
    type: 'resource',
    promiseName: promise.metadata.name,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    plural: resource.plural,
    name: request.metadata.name,
    namespace,
    uid: request.metadata.uid ?? '',
    generation: request.metadata.generation ?? 1,
    specHash: specHash(request.spec),
    pipelineNamespace: pipelineNamespace || namespace,
    hasPipelineNamespace: Boolean(pipelineNamespace),
    ...(isMarked(request, LABELS.dryRun) ? { isDryRun: true } : {}),
    trace: handedDownTrace(request),
  };
  // What a DryRun asked for was never made, and its delete workflow would undo what the real request has.
  const isRehearsal = action === 'delete' && request.metadata.labels?.[LABELS.dryRunOwner] !== undefined;
  return { subject, action, pipelines: isRehearsal ? [] : workflowsOf(promise).resource[action], hash: requestHash(promise.spec, request.spec), ...(version === undefined ? {} : { version }) };
}

/**
 * A pod on its way out may write a Work after its request was cleaned up. Asks the API first: the cache may be behind.
 */
async function removeOrphans({ client, informers }: PlatformContext, resource: ApiResource, promiseName: string, key: Request): Promise<void> {
  const subject = subjectKey(promiseName, key.namespace, key.name);
  const orphans = { works: informers.works.byIndex(BY_SUBJECT, subject), jobs: informers.jobs.byIndex(BY_SUBJECT, subject) };
  if (orphans.works.length === 0 && orphans.jobs.length === 0) return;
  if (await client.find(resource, key)) return;
  await Promise.all([
    ...orphans.works.filter((work) => !work.metadata.deletionTimestamp).map((work) => ensureDeleted(client, works, work)),
    ...orphans.jobs.filter((job) => !job.metadata.deletionTimestamp).map((job) => ensureDeleted(client, jobs, job)),
  ]);
}

function subjectOfPod({ informers }: PlatformContext, pod: KubeObject): string {
  const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
  const job = owner && informers.jobs.get({ namespace: pod.metadata.namespace!, name: owner.name });
  return job ? subjectOfJob(job) : '';
}

/** The request that a subject key names, when it is one of this Promise. */
function requestFrom(promiseName: string, subject: string): readonly Request[] {
  const [promise, namespace, name] = subject.split('/');
  return promise === promiseName && namespace && name ? [{ namespace, name }] : [];
}
