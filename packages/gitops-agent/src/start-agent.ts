import { keyOf, keyString, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import { customResourceDefinitions, gitRepositories, kustomizations, namespaces, type CustomResourceDefinition, type GitRepository, type Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import { createCache, createEventRecorder, isConditionTrue, runController, systemClock, type Clock, type Controller, type Logger } from '@plinth/controller-runtime';
import { dependenciesOf, sourceOf } from './kustomization/depends-on.ts';
import { watchDrift } from './drift/watch-drift.ts';
import { createKustomizationReconciler } from './kustomization/reconciler.ts';
import { missingKey } from './kustomization/apply-object.ts';
import { PARTIALLY_APPLIED } from './kustomization/status.ts';
import { logger } from './logger.ts';
import { REQUESTED_AT } from './names.ts';
import { openArtifactStore } from './source/artifact-store.ts';
import { openGitRemote } from './source/git-client.ts';
import type { OpenRemote } from './source/git-remotes.ts';
import { createSourceReconciler, restoreArtifact } from './source/reconciler.ts';

export interface GitOpsAgentOptions {
  /** The cluster to work on, as somebody who may do everything (see `gitopsManifests`). */
  readonly client: Client;
  /** A client that acts as a ServiceAccount. Absent: a Kustomization with `spec.serviceAccountName` stalls. */
  readonly clientFor?: (namespace: string, serviceAccount: string) => Client;
  /** Folder for what is fetched; made when missing. Can be lost: it is fetched again. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** How git servers are reached. Default: smart HTTP. */
  readonly openRemote?: OpenRemote;
}

const BY_SOURCE = 'source';
const BY_DEPENDENCY = 'dependency';

/**
 * Flux' GitRepository and Kustomization on one cluster, with Flux' names, conditions and inventory. Returns when it knows
 * the state of the cluster and has begun to work; ends with the signal or by disposal, and then waits for what runs.
 *
 * Assumptions: the kinds of `gitopsManifests` are installed; no other agent works on the same cluster.
 */
export async function startGitOpsAgent(options: GitOpsAgentOptions): Promise<AsyncDisposable> {
  const { log = logger, clock = systemClock, openRemote = openGitRemote } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => ended.abort());
  const store = stack.use(openArtifactStore(options.dataDir));
  const cache = stack.use(createCache(options.client, { signal, clock, log }));
  const events = stack.use(createEventRecorder(options.client, { controller: 'kustomize-controller', clock, log }));
  const sourceEvents = stack.use(createEventRecorder(options.client, { controller: 'source-controller', clock, log }));

  const sources = cache.informer<GitRepository>(gitRepositories);
  const units = cache.informer<Kustomization>(kustomizations);
  units.addIndex(BY_SOURCE, (unit) => [keyString(sourceOf(unit))]);
  units.addIndex(BY_DEPENDENCY, (unit) => dependenciesOf(unit).map(keyString));

  // What earlier processes stored is there before anybody asks for it: a restart must not look like a loss.
  await sources.synced;
  await Promise.all(sources.list().map((source) => restoreArtifact(store, source, log)));

  let sourceController: Controller | undefined;
  const sourceReconciler = stack.use(
    createSourceReconciler({
      client: cache.client,
      repositories: sources,
      store,
      openRemote,
      events: sourceEvents,
      clock,
      log,
      enqueue: (key, afterMs) => sourceController?.enqueue(key, afterMs),
    }),
  );
  sourceController = stack.use(
    runController({
      name: 'gitrepository',
      sources: [{ informer: sources, predicate: isAsked }],
      reconcile: (key, context) => sourceReconciler.reconcile(key, context.signal),
      signal,
      clock,
      log,
    }),
  );

  let controller: Controller | undefined;
  const reconciler = createKustomizationReconciler({
    client: cache.client,
    ...(options.clientFor ? { clientFor: options.clientFor } : {}),
    kustomizations: units,
    repositories: sources,
    store,
    enqueue: (key, afterMs) => controller?.enqueue(key, afterMs),
    events,
    clock,
    log,
  });
  const drift = stack.use(watchDrift({ client: options.client, seen: reconciler.seen, listed: reconciler.listed, signal, clock, log }));
  const unitsOf = (source: ObjectKey): readonly ObjectKey[] => units.byIndex(BY_SOURCE, keyString(source)).map(keyOf);
  controller = stack.use(
    runController({
      name: 'kustomization',
      sources: [
        { informer: units, predicate: (object, previous) => interruptIfChanged(object, previous) },
        { informer: units, predicate: isProgress, map: (object) => units.byIndex(BY_DEPENDENCY, keyString(keyOf(object))).map(keyOf) },
        { informer: sources, predicate: (_object, previous) => previous === undefined, map: (object) => unitsOf(keyOf(object)) },
        { informer: cache.informer<CustomResourceDefinition>(customResourceDefinitions), map: (object) => servedKinds(object).flatMap((kind) => reconciler.waitingFor(kind)) },
        { informer: cache.informer(namespaces), predicate: (_object, previous) => previous === undefined, map: ({ metadata }) => reconciler.waitingFor(missingKey({ namespace: metadata.name })) },
      ],
      reconcile: async (key, context) => {
        const result = await reconciler.reconcile(key, context.signal);
        drift.follow(reconciler.kinds());
        return result;
      },
      concurrency: 32,
      signal,
      clock,
      log,
    }),
  );
  stack.defer(
    store.subscribe((source) => {
      for (const unit of unitsOf(source)) {
        reconciler.interrupt(unit);
        controller?.enqueue(unit);
      }
    }),
  );
  await cache.synced();
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };

  /** What somebody asks for now makes a wait for the health of what was there before pointless. */
  function interruptIfChanged(object: KubeObject, previous: KubeObject | undefined): boolean {
    const asked = isAsked(object, previous);
    if (asked) reconciler.interrupt(keyOf(object));
    return asked;
  }
}

/** Something that somebody wants, in contrast to the agent's own writes. */
function isAsked(object: KubeObject, previous: KubeObject | undefined): boolean {
  return (
    previous === undefined ||
    object.metadata.generation !== previous.metadata.generation ||
    object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    object.metadata.annotations?.[REQUESTED_AT] !== previous.metadata.annotations?.[REQUESTED_AT]
  );
}

/** A change of a Kustomization for which those that depend on it may have waited. */
function isProgress(object: KubeObject, previous: KubeObject | undefined): boolean {
  const [now, before] = [(object as Kustomization).status, (previous as Kustomization | undefined)?.status];
  const stateOf = (status: typeof now): string =>
    JSON.stringify([status?.lastAppliedRevision, status?.lastAttemptedRevision, status?.observedGeneration, isConditionTrue(status?.conditions, 'Ready'), isConditionTrue(status?.conditions, PARTIALLY_APPLIED)]);
  return stateOf(now) !== stateOf(before);
}

/** Keys of the kinds that a definition serves by now. */
function servedKinds(object: KubeObject): readonly string[] {
  const { spec, status } = object as CustomResourceDefinition;
  if (!isConditionTrue(status?.conditions as Parameters<typeof isConditionTrue>[0], 'Established')) return [];
  return spec.versions.filter(({ served }) => served).map(({ name }) => missingKey({ apiVersion: `${spec.group}/${name}`, kind: spec.names.kind }));
}
