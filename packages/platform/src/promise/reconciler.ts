import { promises, type PlatformPromise } from '@plinth/api';
import { type KubeObject, keyOf } from '@plinth/apimachinery';
import { type Controller, done, patchStatus, type Request, retryAfter, runController } from '@plinth/controller-runtime';
import { isTrue } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { ensureRevision } from '../promise-revision/ensure-revision.ts';
import { promiseVersion } from '../promise-revision/revision.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_SUBJECT, subjectKey, subjectOfJob, subjectOfWork } from '../runtime/informers.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { applyWorkflow } from '../workflow/apply.ts';
import { observeRuns } from '../workflow/observe.ts';
import { jobLooksDifferent, podLooksDifferent } from '../workflow/predicates.ts';
import { apiOf } from './api.ts';
import { deleteCrd, deleteRequests, deleteWorks, dropFinalizers, ensureApi, ensureControllerRole, ensureFinalizers, ensureRequestController, ensureStaticWork, letGo, prunePromise, reconcileResources } from './apply.ts';
import { recordPromiseEvents } from './events.ts';
import { planPromise, type PromiseSnapshot } from './plan.ts';
import { createRequestControllers, type RequestControllers } from './request-controllers.ts';
import { requiredBy, requirementsOf } from './requirements.ts';
import { createStaticWorks } from './static-work.ts';
import { promiseStatus } from './status.ts';
import { promiseWorkflow } from './workflow-of.ts';

export interface PromiseController extends AsyncDisposable {
  readonly controller: Controller;
  readonly requests: RequestControllers;
}

/** Installs Promises: their kind, what they need at destinations, their workflows, and a controller for their requests. */
export function runPromiseController(context: PlatformContext): PromiseController {
  const { informers, client, clock, config } = context;
  const recorder = context.recorder('PromiseController');
  const staticWorks = createStaticWorks();
  const requests: RequestControllers = createRequestControllers(context, (promiseName) => controller.enqueue({ name: promiseName }));

  const observe = (promise: PlatformPromise): PromiseSnapshot => {
    const { name } = promise.metadata;
    const key = subjectKey(name);
    const api = apiOf(promise);
    const crd = api && informers.crds.get({ name: api.metadata.name });
    const following = requests.get(name);
    return {
      promise,
      crd: crd?.metadata.labels?.[LABELS.promiseName] === name ? crd : undefined,
      configure: promiseWorkflow(promise, 'configure'),
      delete: promiseWorkflow(promise, 'delete'),
      runs: observeRuns(informers, key),
      works: informers.works.byIndex(BY_SUBJECT, key),
      revisions: informers.revisions.list({ labels: { [LABELS.promiseName]: name } }),
      requests: following?.isSynced() ? following.requests() : undefined,
      requirements: requirementsOf(promise, (required) => informers.promises.get({ name: required }), informers.revisions.list()),
      requiredBy: requiredBy(promise, informers.promises.list(), promiseVersion),
      config,
      now: clock.now(),
    };
  };

  const reconcileActive = async (found: PlatformPromise): Promise<number | undefined> => {
    const promise = await ensureFinalizers(context, found);
    const [created] = await Promise.all([ensureRevision(context, promise), ensureApi(context, promise), ensureStaticWork(context, promise, staticWorks)]);
    const snapshot = observe(promise);
    const plan = planPromise(snapshot);
    const status = promiseStatus(snapshot, plan);
    if (created) recorder.record(promise, { type: 'Normal', reason: 'RevisionCreated', message: `Revision of version ${promiseVersion(promise)} created` });
    recordPromiseEvents(recorder, snapshot, plan, status);
    if (plan.type !== 'active') return undefined;
    // Requests are followed from the moment on which the status says that they may come.
    await ensureRequestController(requests, snapshot, isTrue(status.conditions, 'Available'));
    await applyWorkflow(context, { resource: promises, object: promise, promise, workflow: snapshot.configure, plan: plan.workflow, status });
    if (plan.workflow.type === 'succeeded' || plan.workflow.type === 'failed') await prunePromise(context, snapshot);
    if (isMarked(promise, LABELS.reconcileResources)) {
      recorder.record(promise, { type: 'Normal', reason: 'ReconcilingResources', message: 'Reconciling all resource requests' });
      await reconcileResources(context, snapshot);
    }
    return plan.wakeAt;
  };

  /** Paused or on its way out. */
  const reconcileOther = async (promise: PlatformPromise): Promise<number | undefined> => {
    if (promise.metadata.deletionTimestamp && !isMarked(promise, LABELS.paused)) await followForDeletion(promise);
    const snapshot = observe(promise);
    const plan = planPromise(snapshot);
    const status = promiseStatus(snapshot, plan);
    recordPromiseEvents(recorder, snapshot, plan, status);
    switch (plan.type) {
      case 'active':
      case 'ignore':
        return undefined;
      case 'paused':
        await patchStatus(client, promises, promise, status, { exclusive: true });
        return undefined;
      case 'deleteWorkflow':
        await applyWorkflow(context, { resource: promises, object: promise, promise, workflow: snapshot.delete, plan: plan.workflow, status });
        return plan.wakeAt;
      case 'endDeleteWorkflow':
        await dropFinalizers(context, promise, [FINALIZERS.promise.deleteWorkflows]);
        return undefined;
      case 'deleteRequests':
        await deleteRequests(context, snapshot);
        return undefined;
      case 'deleteWorks':
        await deleteWorks(context, snapshot);
        return undefined;
      case 'deleteCrd':
        await requests.stop(promise.metadata.name);
        await deleteCrd(context, snapshot);
        return undefined;
      case 'letGo':
        await requests.stop(promise.metadata.name);
        await letGo(context, snapshot);
        return undefined;
      default:
        plan satisfies never;
    }
    return undefined;
  };

  /** Requests can only go while somebody lets them go, so their controller runs even if the Promise never served. */
  const followForDeletion = async (promise: PlatformPromise): Promise<void> => {
    const snapshot = observe(promise);
    const plan = planPromise(snapshot);
    if (plan.type !== 'deleteRequests') return;
    await ensureControllerRole(context, promise);
    await ensureRequestController(requests, snapshot, true);
  };

  const controller: Controller = runController({
    name: 'promise',
    signal: context.signal,
    log: context.log,
    clock,
    sources: [
      { informer: informers.promises },
      // Others that require it, and those it requires.
      { informer: informers.promises, map: (promise) => related(context, promise as PlatformPromise), predicate: availabilityChanged },
      { informer: informers.revisions, map: (revision) => [{ name: revision.metadata.labels?.[LABELS.promiseName] ?? '' }], predicate: (_object, previous) => !previous },
      { informer: informers.crds, map: (crd) => [{ name: crd.metadata.labels?.[LABELS.promiseName] ?? '' }] },
      { informer: informers.jobs, map: (job) => promiseFrom(subjectOfJob(job)), predicate: jobLooksDifferent },
      { informer: informers.pods, map: (pod) => (pod.metadata.labels?.[LABELS.workflowType] === 'promise' ? [{ name: pod.metadata.labels[LABELS.promiseName] ?? '' }] : []), predicate: podLooksDifferent },
      { informer: informers.works, map: (work) => promiseFrom(subjectOfWork(work)) },
    ],
    reconcile: (key) =>
      skipConflict(async () => {
        const promise = informers.promises.get(key);
        if (!promise) {
          staticWorks.forget(key.name);
          await requests.stop(key.name);
          return done;
        }
        const isActive = !promise.metadata.deletionTimestamp && !isMarked(promise, LABELS.paused);
        const wakeAt = await (isActive ? reconcileActive(promise) : reconcileOther(promise));
        return wakeAt === undefined ? done : retryAfter(Math.max(0, wakeAt - clock.now()));
      }),
  });
  return {
    controller,
    requests,
    [Symbol.asyncDispose]: async () => {
      await controller[Symbol.asyncDispose]();
      await requests[Symbol.asyncDispose]();
    },
  };
}

function related({ informers }: PlatformContext, promise: PlatformPromise): readonly Request[] {
  const requiring = informers.promises.list().filter((other) => other.spec?.requiredPromises?.some(({ name }) => name === promise.metadata.name));
  const required = (promise.spec?.requiredPromises ?? []).map(({ name = '' }) => ({ name }));
  return [...requiring.map(keyOf), ...required];
}

const availabilityChanged = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  !previous || object.metadata.generation !== previous.metadata.generation || isTrue((object as PlatformPromise).status?.conditions, 'Available') !== isTrue((previous as PlatformPromise).status?.conditions, 'Available');

/** Only what belongs to a Promise itself. */
function promiseFrom(subject: string): readonly Request[] {
  const [name, namespace, resource] = subject.split('/');
  return name && !namespace && !resource ? [{ name }] : [];
}
