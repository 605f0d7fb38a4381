import { promises, type PlatformPromise } from '@plinth/api';
import { isConflict, type KubeObject, keyOf } from '@plinth/apimachinery';
import { type Controller, done, dropFinalizers, patchStatus, type Request, retryAfter, runController } from '@plinth/controller-runtime';
import { isTrue } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import { ensureRevision } from '../promise-revision/ensure-revision.ts';
import { promiseVersion, revisionOf } from '../promise-revision/revision.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_SUBJECT, subjectKey, subjectOfJob, subjectOfWork } from '../runtime/informers.ts';
import { traced } from '../telemetry/telemetry.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { applyWorkflow } from '../workflow/apply.ts';
import { observeChain } from '../why/observe-chain.ts';
import { isNotPlaced, labelsChanged, subjectOfPlacement, troubleChanged } from '../why/wake.ts';
import type { RequestStatus } from '../resource-request/request.ts';
import { hasLostWork } from '../workflow/lost-work.ts';
import { observeRuns } from '../workflow/observe.ts';
import type { WorkflowPlan } from '../workflow/plan.ts';
import { jobLooksDifferent, podLooksDifferent } from '../workflow/predicates.ts';
import { apiOf } from './api.ts';
import { deleteAll, ensureApi, ensureControllerRole, ensureFinalizers, ensureRequestController, ensureStaticWork, prunePromise, reconcileResources } from './apply.ts';
import { DELETION_STAGES, observeDeletion } from './deletion.ts';
import { recordPromiseEvents } from './events.ts';
import { planPromise, PROMISE_FINALIZERS, type PromisePlan, type PromiseSnapshot } from './plan.ts';
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
  /** Why the API of a Promise cannot be served, by its name. Found again by the first pass after a restart. */
  const problems = new Map<string, string>();
  const requests: RequestControllers = createRequestControllers(context, (promiseName) => controller.enqueue({ name: promiseName }));

  const observe = (promise: PlatformPromise): PromiseSnapshot => {
    const { name } = promise.metadata;
    const key = subjectKey(name);
    const api = apiOf(promise);
    const crd = api && informers.crds.get({ name: api.metadata.name });
    const ownCrd = crd?.metadata.labels?.[LABELS.promiseName] === name ? crd : undefined;
    const following = requests.get(name);
    const known = following?.isSynced() ? following.requests() : undefined;
    const runs = observeRuns(informers, key);
    const works = informers.works.byIndex(BY_SUBJECT, key);
    return {
      promise,
      revision: informers.revisions.get(keyOf(revisionOf(promise))),
      crd: ownCrd,
      configure: promiseWorkflow(promise, 'configure'),
      delete: promiseWorkflow(promise, 'delete'),
      runs,
      works,
      hasLostWork: false,
      applied: context.applied.of,
      chain: (status) => observeChain(informers, { type: 'promise', object: promise, status: status as RequestStatus, promise: { ...promise, status }, runs, works }),
      requests: known,
      apiProblem: problems.get(name),
      deletion: promise.metadata.deletionTimestamp ? observeDeletion(informers, promise, ownCrd, known) : undefined,
      requirements: requirementsOf(promise, (required) => informers.promises.get({ name: required }), informers.revisions.list()),
      requiredBy: requiredBy(promise, informers.promises.list(), promiseVersion),
      config,
      now: clock.now(),
    };
  };

  const reconcileActive = async (found: PlatformPromise): Promise<number | undefined> => {
    const promise = await ensureFinalizers(context, found);
    const [created, apiError] = await Promise.all([ensureRevision(context, promise), tryApi(promise), ensureStaticWork(context, promise, staticWorks)]);
    let snapshot = observe(promise);
    let plan = planPromise(snapshot);
    if (plan.type === 'active' && (await hasLostWork(context, snapshot, plan.workflow))) {
      snapshot = { ...snapshot, hasLostWork: true };
      plan = planPromise(snapshot);
    }
    const status = promiseStatus(snapshot, plan);
    if (created) recorder.record(promise, { type: 'Normal', reason: 'RevisionCreated', message: `Revision ${revisionOf(promise).metadata.name} created` });
    recordPromiseEvents(recorder, snapshot, plan, status);
    if (plan.type !== 'active') return undefined;
    await ensureRequestController(requests, snapshot);
    await applyWorkflow(context, { resource: promises, object: promise, promise, workflow: snapshot.configure, plan: plan.workflow, status });
    if (HAS_ENDED.has(plan.workflow.type)) await prunePromise(context, snapshot, plan.workflow.type !== 'failed');
    if (isMarked(promise, LABELS.reconcileResources) && (await reconcileResources(context, snapshot))) {
      recorder.record(promise, { type: 'Normal', reason: 'ReconcilingResources', message: 'Reconciling all resource requests' });
    }
    // It is in the status now; trying again, at growing intervals, is the controller's business.
    if (apiError) throw apiError;
    return plan.wakeAt;
  };

  /** A CRD that the API server does not take is told in the status; it does not hold up all the rest. */
  const tryApi = async (promise: PlatformPromise): Promise<Error | undefined> => {
    const { name } = promise.metadata;
    try {
      await ensureApi(context, promise);
      problems.delete(name);
      return undefined;
    } catch (error) {
      if (isConflict(error) || !(error instanceof Error)) throw error;
      problems.set(name, error.message);
      return error;
    }
  };

  /** Paused or on its way out. */
  const reconcileOther = async (promise: PlatformPromise): Promise<number | undefined> => {
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
        await dropFinalizers(client, promises, promise, [FINALIZERS.promise.deleteWorkflows]);
        return undefined;
      case 'cleanUp':
        await cleanUp(promise, plan, snapshot);
        return undefined;
      case 'letGo':
        await requests.stop(promise.metadata.name);
        await dropFinalizers(client, promises, promise, PROMISE_FINALIZERS);
        return undefined;
      default:
        plan satisfies never;
    }
    return undefined;
  };

  const cleanUp = async (promise: PlatformPromise, { stage, objects, release }: PromisePlan & { readonly type: 'cleanUp' }, snapshot: PromiseSnapshot): Promise<void> => {
    await dropFinalizers(client, promises, promise, release);
    if (stage === 'requests') {
      // Requests can only go while somebody lets them go, so their controller runs even if the Promise never served.
      await ensureControllerRole(context, promise);
      await ensureRequestController(requests, snapshot);
    } else if (DELETION_STAGES.indexOf(stage) > DELETION_STAGES.indexOf('revisions')) {
      await requests.stop(promise.metadata.name);
    }
    await deleteAll(client, objects);
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
      // Its own, and those of the Promises that it requires.
      { informer: informers.revisions, map: (revision) => withDependents(context, revision.metadata.labels?.[LABELS.promiseName] ?? ''), predicate: revisionMatters },
      // What a Promise that is not ready says of these.
      { informer: informers.workPlacements, map: (placement) => promiseFrom(subjectOfPlacement(context, placement)), predicate: troubleChanged },
      { informer: informers.destinations, map: () => informers.promises.list().filter(isNotPlaced).map(keyOf), predicate: labelsChanged },
      { informer: informers.crds, map: (crd) => [{ name: crd.metadata.labels?.[LABELS.promiseName] ?? '' }] },
      { informer: informers.jobs, map: (job) => promiseFrom(subjectOfJob(job)), predicate: jobLooksDifferent },
      { informer: informers.pods, map: (pod) => (pod.metadata.labels?.[LABELS.workflowType] === 'promise' ? [{ name: pod.metadata.labels[LABELS.promiseName] ?? '' }] : []), predicate: podLooksDifferent },
      { informer: informers.works, map: (work) => promiseFrom(subjectOfWork(work)) },
      // A Promise on its way out waits for the end of all that it made.
      ...[informers.jobs, informers.works, informers.revisions, ...informers.pipelineObjects.values()].map((informer) => ({ informer, map: (object: KubeObject) => leaving(context, object), predicate: hasEnded })),
      // Whether reporters are alive is known before the first look.
      { informer: informers.leases, map: () => [] },
      { informer: informers.settings, map: () => informers.promises.list().map(keyOf) },
    ],
    reconcile: traced(context.telemetry, (key) => ({ name: `${key.name}/PromiseReconcile`, object: informers.promises.get(key) }), (key) =>
      skipConflict(async () => {
        const promise = informers.promises.get(key);
        if (!promise) {
          staticWorks.forget(key.name);
          problems.delete(key.name);
          await requests.stop(key.name);
          return done;
        }
        const isActive = !promise.metadata.deletionTimestamp && !isMarked(promise, LABELS.paused);
        const wakeAt = await (isActive ? reconcileActive(promise) : reconcileOther(promise));
        return wakeAt === undefined ? done : retryAfter(Math.max(0, wakeAt - clock.now()));
      }),
    ),
  });
  const unfollow = context.applied.onChange(undefined, (subject) => {
    for (const request of promiseFrom(subject)) controller.enqueue(request);
  });
  return {
    controller,
    requests,
    [Symbol.asyncDispose]: async () => {
      unfollow();
      await controller[Symbol.asyncDispose]();
      await requests[Symbol.asyncDispose]();
    },
  };
}

const HAS_ENDED: ReadonlySet<WorkflowPlan['type']> = new Set(['empty', 'succeeded', 'failed']);

const related = (context: PlatformContext, promise: PlatformPromise): readonly Request[] => [
  ...withDependents(context, promise.metadata.name),
  ...(promise.spec?.requiredPromises ?? []).map(({ name = '' }) => ({ name })),
];

const withDependents = ({ informers }: PlatformContext, name: string): readonly Request[] => [
  { name },
  ...informers.promises.list().filter(({ spec }) => spec?.requiredPromises?.some((required) => required.name === name)).map(keyOf),
];

/** Whether it can be required, and why not. */
function availabilityChanged(object: KubeObject, previous: KubeObject | undefined): boolean {
  const look = ({ metadata, status }: PlatformPromise): string => {
    const isAvailable = isTrue(status?.conditions, 'Available');
    return JSON.stringify([metadata.generation, isAvailable, isAvailable ? '' : status?.message]);
  };
  return !previous || look(object as PlatformPromise) !== look(previous as PlatformPromise);
}

/** That it is there, and how often it runs. */
const revisionMatters = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  !previous || object.metadata.annotations?.[ANNOTATIONS.reconciliationInterval] !== previous.metadata.annotations?.[ANNOTATIONS.reconciliationInterval];

/** The Promise that made this, if it is being deleted. */
function leaving({ informers }: PlatformContext, object: KubeObject): readonly Request[] {
  const name = object.metadata.labels?.[LABELS.promiseName];
  return name && informers.promises.get({ name })?.metadata.deletionTimestamp ? [{ name }] : [];
}

/** It is gone, or a Job whose state changed. (What comes into being says the same, and wakes a Promise that is leaving.) */
const hasEnded = (object: KubeObject, previous: KubeObject | undefined): boolean => !previous || (object.kind === 'Job' && jobLooksDifferent(object, previous));

/** Only what belongs to a Promise itself. */
function promiseFrom(subject: string): readonly Request[] {
  const [name, namespace, resource] = subject.split('/');
  return name && !namespace && !resource ? [{ name }] : [];
}
