import { dryRuns, works as workKind, type DryRun, type Work } from '@plinth/api';
import { type ApiResource, isAlreadyExists, isInvalid, type KubeObject, keyOf, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { addFinalizers, done, dropFinalizers, patchStatus, type Request, type Result, retryAfter, runController } from '@plinth/controller-runtime';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { apiOf, requestResource } from '../promise/api.ts';
import { isEstablished } from '../promise/deletion.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { BY_SUBJECT, subjectKey } from '../runtime/informers.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { compareWorks } from './compare-works.ts';
import { findComponents } from './components.ts';
import { createDryRunFollowers, type DryRunFollowers } from './follow-requests.ts';
import { reconcileLabelledRequest } from './labelled-request.ts';
import { buildRehearsal, buildSummary, nameLimit, realRequest, summaryName } from './objects.ts';
import { type DryRunPlan, type DryRunSnapshot, isCompleted, MAX_DEPTH, planDryRun } from './plan.ts';
import { dryRunStatus } from './status.ts';
import { countsOf, type DryRunReport, renderSummary } from './summary.ts';

/**
 * Shows what a request would change without changing it (contract, section 7.6). Three controllers: of DryRuns; of the
 * Promises whose requests have to be followed for them; and of the requests that people labelled as dry runs.
 */
export function runDryRunControllers(context: PlatformContext): AsyncDisposable {
  const { informers, client, clock, config, cache } = context;
  const all = cache.informer<DryRun>(dryRuns);
  const recorder = context.recorder('DryRunController');
  const followers: DryRunFollowers = createDryRunFollowers(context, (promise, request) => {
    const owner = request?.metadata.labels?.[LABELS.dryRunOwner];
    if (!request) {
      for (const dryRun of ofPromise(promise)) dryRunController.enqueue(keyOf(dryRun));
      // A label may have gone while nobody looked: of that the Works alone tell.
      for (const work of informers.works.list({ labels: { [LABELS.promiseName]: promise, [LABELS.dryRun]: 'true' } })) for (const subject of labelledSubject(work)) labelled.enqueue(subject);
    } else if (owner) dryRunController.enqueue({ namespace: request.metadata.namespace!, name: owner });
    else labelled.enqueue({ namespace: request.metadata.namespace!, name: `${promise}/${request.metadata.name}` });
  });
  const ofPromise = (name: string): readonly DryRun[] => all.list().filter((dryRun) => dryRun.spec?.promiseRef?.name === name);
  const isOwnedBy = (child: KubeObject, { metadata }: DryRun): boolean => child.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) ?? false;
  const childrenOf = (dryRun: DryRun): readonly DryRun[] => all.list({ namespace: dryRun.metadata.namespace!, labels: { [LABELS.dryRunParent]: dryRun.metadata.name } }).filter((child) => isOwnedBy(child, dryRun));
  /** From the nearest: the DryRuns above this one. At most as many as are followed: whoever writes labels and owners can close a circle. */
  const above = (dryRun: DryRun): readonly DryRun[] => {
    const found: DryRun[] = [];
    for (let at: DryRun | undefined = dryRun; at && found.length < MAX_DEPTH; ) {
      const name: string | undefined = at.metadata.labels?.[LABELS.dryRunParent];
      const parent: DryRun | undefined = name === undefined ? undefined : all.get({ namespace: dryRun.metadata.namespace!, name });
      at = parent && isOwnedBy(at, parent) ? parent : undefined;
      if (at) found.push(at);
    }
    return found;
  };
  const depthOf = (dryRun: DryRun): number => (dryRun.metadata.labels?.[LABELS.dryRunParent] !== undefined && above(dryRun).length === 0 ? MAX_DEPTH : above(dryRun).length);
  /**
   * Who made the DryRun was asked for the namespace that it names. Where a workflow puts a component nobody was asked for: what
   * stands there is not for everybody who may make DryRuns here.
   */
  const mayCompare = (dryRun: DryRun): boolean => {
    const top = above(dryRun).at(-1);
    const { namespace } = realRequest(dryRun);
    return dryRun.metadata.labels?.[LABELS.dryRunParent] === undefined || namespace === dryRun.metadata.namespace || (top !== undefined && namespace === realRequest(top).namespace);
  };
  const worksOf = (promise: string, { namespace, name }: ObjectKey, isDryRun: boolean): readonly Work[] =>
    informers.works.byIndex(BY_SUBJECT, subjectKey(promise, namespace, name)).filter((work) => isMarked(work, LABELS.dryRun) === isDryRun);
  const rehearsalOf = (dryRun: DryRun): ResourceRequest | undefined =>
    followers
      .get(dryRun.spec?.promiseRef?.name ?? '')
      ?.requests.list({ namespace: dryRun.metadata.namespace!, labels: { [LABELS.dryRunOwner]: dryRun.metadata.name } })
      .find((request) => isOwnedBy(request, dryRun));
  const proposedBy = (dryRun: DryRun): readonly Work[] => {
    const request = rehearsalOf(dryRun);
    return request ? worksOf(dryRun.spec?.promiseRef?.name ?? '', keyOf(request), true) : [];
  };

  /** Whether the kind of the Promise's requests is there. */
  const isServed = (promiseName: string): boolean => {
    const promise = informers.promises.get({ name: promiseName });
    const api = promise && apiOf(promise);
    const crd = api && informers.crds.get({ name: api.metadata.name });
    return crd !== undefined && isEstablished(crd) && !crd.metadata.deletionTimestamp;
  };
  const observe = (dryRun: DryRun): DryRunSnapshot => {
    const { name, namespace } = dryRun.metadata;
    const promiseName = dryRun.spec?.promiseRef?.name ?? '';
    const followed = followers.get(promiseName);
    return {
      dryRun,
      isEnabled: config.featureFlags.dryRun,
      promise: informers.promises.get({ name: promiseName }),
      isFollowed: followed?.isSynced() ?? false,
      isListing: isServed(promiseName) && !followed?.isSynced(),
      request: rehearsalOf(dryRun),
      components: findComponents(proposedBy(dryRun), informers.promises.list(), realRequest(dryRun).namespace),
      children: childrenOf(dryRun),
      summary: informers.works.get({ namespace: namespace!, name: summaryName(promiseName, name) }),
      hasDestination: informers.destinations.list().some((destination) => isMarked(destination, LABELS.dryRun)),
      depth: depthOf(dryRun),
      now: clock.now(),
    };
  };
  const reportOf = (dryRun: DryRun, depth = 0): DryRunReport => {
    const promise = dryRun.spec?.promiseRef?.name ?? '';
    const real = realRequest(dryRun);
    const isCompared = mayCompare(dryRun);
    const standing = isCompared ? worksOf(promise, real, false) : [];
    const completed = findCondition(dryRun.status?.conditions, 'Completed');
    return {
      promise,
      request: `${real.namespace}/${real.name}`,
      comparedWith: isCompared ? (standing.length > 0 ? 'exists' : 'new') : 'in another namespace, not compared',
      pipelines: compareWorks(standing, proposedBy(dryRun)),
      components: depth < MAX_DEPTH ? childrenOf(dryRun).toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1)).map((child) => reportOf(child, depth + 1)) : [],
      ...(completed?.status === 'False' ? { failure: completed.message ?? '' } : {}),
    };
  };
  const report = async (dryRun: DryRun, plan: DryRunPlan): Promise<void> => {
    if (plan.type === 'complete') recorder.record(dryRun, { type: plan.status === 'True' ? 'Normal' : 'Warning', reason: plan.reason, message: plan.message });
    await patchStatus(client, dryRuns, dryRun, dryRunStatus(dryRun, childrenOf(dryRun), plan, clock.now()));
  };
  const refuse = (dryRun: DryRun, message: string): Promise<void> => report(dryRun, { type: 'complete', status: 'False', reason: 'PipelineFailed', message });
  /** Makes what the event of which brings us back. False: something else has the name, and nobody tells us when it goes. */
  const makeOwn = async (writer: Client, resource: ApiResource, wanted: KubeObject, owner: DryRun): Promise<boolean> => {
    try {
      await writer.create(resource, wanted);
      return true;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const found = await writer.find<KubeObject>(resource, keyOf(wanted));
      if (!found || found.metadata.deletionTimestamp) throw error;
      return isOwnedBy(found, owner);
    }
  };
  const markPaused = async (snapshot: DryRunSnapshot, paused: 'true' | null): Promise<void> => {
    const { resource, client: writer } = followers.get(snapshot.dryRun.spec?.promiseRef?.name ?? '')!;
    await writer.patch(resource, keyOf(snapshot.request!), 'merge', { metadata: { labels: { [LABELS.paused]: paused } } });
  };

  const apply = async (snapshot: DryRunSnapshot, plan: DryRunPlan): Promise<Result> => {
    const { dryRun, request, summary, children } = snapshot;
    switch (plan.type) {
      case 'none':
        return done;
      case 'addFinalizer':
        await addFinalizers(client, dryRuns, dryRun, [FINALIZERS.dryRun]);
        return retryAfter(0);
      case 'createRequest':
        try {
          const { resource, client: writer } = followers.get(dryRun.spec!.promiseRef!.name!)!;
          const rehearsal = buildRehearsal(dryRun, resource, nameLimit(apiOf(snapshot.promise!)!));
          if (!(await makeOwn(writer, resource, rehearsal, dryRun))) await refuse(dryRun, isTaken(rehearsal));
        } catch (error) {
          // What the API refuses as a request would be refused as the real one.
          if (!isInvalid(error)) throw error;
          await refuse(dryRun, `The request is refused: ${(error as Error).message}`);
        }
        return done;
      case 'createChildren': {
        const made = await Promise.all(plan.children.map((child) => makeOwn(client, dryRuns, child, dryRun)));
        const taken = plan.children.find((_child, index) => !made[index]);
        if (taken) await refuse(dryRun, isTaken(taken));
        return done;
      }
      case 'writeSummary':
        await client.create(workKind, buildSummary(dryRun, request!.metadata.name, renderSummary(reportOf(dryRun)))).catch(ignoreExisting);
        return retryAfter(0);
      case 'complete':
        await report(dryRun, plan.status === 'True' ? { ...plan, message: `${countsOf(reportOf(dryRun))}. ${plan.message}` } : plan);
        return retryAfter(0);
      case 'wait':
        await report(dryRun, plan);
        return plan.wakeAt === undefined ? done : retryAfter(Math.max(0, plan.wakeAt - clock.now()));
      case 'pauseRequest':
        await markPaused(snapshot, 'true');
        return done;
      case 'cleanUp':
        await cleanUp(snapshot, request, [...children.map((child) => [dryRuns, child] as const), ...(summary ? [[workKind, summary] as const] : [])]);
        return done;
      case 'letGo':
        await dropFinalizers(client, dryRuns, dryRun, [FINALIZERS.dryRun]);
        return done;
      default:
        return plan satisfies never;
    }
  };
  const cleanUp = async (snapshot: DryRunSnapshot, request: DryRunSnapshot['request'], others: readonly (readonly [Parameters<typeof ensureDeleted>[1], KubeObject])[]): Promise<void> => {
    const own = request ? [[followers.get(snapshot.dryRun.spec?.promiseRef?.name ?? '')!.resource, request] as const] : [];
    await Promise.all([...own, ...others].filter(([, object]) => !object.metadata.deletionTimestamp).map(([resource, object]) => ensureDeleted(client, resource, object)));
    // Paused, it would never let go; going on before it is deleted, it would run once more.
    if (request && isMarked(request, LABELS.paused)) await markPaused(snapshot, null);
  };

  const shared = { signal: context.signal, log: context.log, clock };
  const openOnes = (): readonly Request[] => all.list().filter((dryRun) => !isCompleted(dryRun)).map(keyOf);
  const dryRunController = runController({
    name: 'dryrun',
    ...shared,
    sources: [
      { informer: all },
      { informer: all, map: (child) => inNamespace(child, child.metadata.labels?.[LABELS.dryRunParent]) },
      { informer: informers.works, map: (work) => inNamespace(work, work.metadata.labels?.[LABELS.dryRunOwner]) },
      { informer: informers.promises, map: (promise) => ofPromise(promise.metadata.name).map(keyOf), predicate: (_promise, previous) => !previous },
      { informer: informers.destinations, map: openOnes, predicate: (object, previous) => isMarked(object, LABELS.dryRun) !== (previous !== undefined && isMarked(previous, LABELS.dryRun)) },
      { informer: informers.settings, map: openOnes },
    ],
    reconcile: (key) =>
      skipConflict(async () => {
        const dryRun = all.get(key);
        if (!dryRun) return done;
        const snapshot = observe(dryRun);
        return apply(snapshot, planDryRun(snapshot));
      }),
  });
  const promiseController = runController({
    name: 'dryrun-promise',
    ...shared,
    sources: [
      { informer: informers.promises, predicate: (promise, previous) => !previous || promise.metadata.generation !== previous.metadata.generation },
      { informer: informers.crds, map: (crd) => [{ name: crd.metadata.labels?.[LABELS.promiseName] ?? '' }] },
      { informer: informers.settings, map: () => informers.promises.list().map(keyOf) },
      // With the feature off, what was begun still has to be cleaned up.
      { informer: all, map: (dryRun) => [{ name: (dryRun as DryRun).spec?.promiseRef?.name ?? '' }], predicate: (_dryRun, previous) => !previous },
    ],
    reconcile: async ({ name }) => {
      const api = isServed(name) ? apiOf(informers.promises.get({ name })!) : undefined;
      if (api && (config.featureFlags.dryRun || ofPromise(name).length > 0)) await followers.ensure(name, requestResource(api));
      else await followers.stop(name);
      return done;
    },
  });
  const labelled = runController({
    name: 'dryrun-request',
    ...shared,
    sources: [{ informer: informers.works, map: labelledSubject, predicate: (work, previous) => !previous || work.metadata.generation !== previous.metadata.generation }],
    reconcile: ({ namespace = '', name }) =>
      skipConflict(async () => {
        const [promise = '', request = ''] = name.split('/');
        const followed = followers.get(promise);
        if (config.featureFlags.dryRun && followed?.isSynced()) await reconcileLabelledRequest(context, followed, promise, { namespace, name: request });
        return done;
      }),
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all([dryRunController, promiseController, labelled].map((controller) => controller[Symbol.asyncDispose]()));
      await followers[Symbol.asyncDispose]();
    },
  };
}

const inNamespace = ({ metadata }: KubeObject, name: string | undefined): readonly Request[] => (name === undefined ? [] : [{ namespace: metadata.namespace!, name }]);

/** The request, `promise/name`, that wrote a Work as a dry run. */
function labelledSubject({ metadata }: KubeObject): readonly Request[] {
  const { [LABELS.promiseName]: promise, [LABELS.resourceName]: name, [LABELS.resourceNamespace]: namespace, [LABELS.dryRun]: dryRun } = metadata.labels ?? {};
  return dryRun === 'true' && promise && name ? [{ namespace: namespace ?? metadata.namespace!, name: `${promise}/${name}` }] : [];
}

const isTaken = ({ kind, metadata }: KubeObject): string => `There is a ${kind} ${metadata.namespace}/${metadata.name} already, and it is not of this dry run: delete it, or give the dry run another name`;

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}
