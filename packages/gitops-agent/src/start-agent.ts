import { keyOf, keyString, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import { buckets, customResourceDefinitions, gitRepositories, kustomizations, namespaces, type Bucket, type CustomResourceDefinition, type GitRepository, type Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import { createCache, createEventRecorder, isConditionTrue, runController, systemClock, type Clock, type Controller, type Logger } from '@plinth/controller-runtime';
import { dependenciesOf, sourceId } from './kustomization/depends-on.ts';
import { watchDrift } from './drift/watch-drift.ts';
import { createKustomizationReconciler } from './kustomization/reconciler.ts';
import { missingKey } from './kustomization/apply-object.ts';
import { PARTIALLY_APPLIED } from './kustomization/status.ts';
import { logger } from './logger.ts';
import { REQUESTED_AT } from './names.ts';
import { openArtifactStore } from './source/artifact-store.ts';
import type { OpenBucket } from './source/bucket/bucket-remotes.ts';
import { openS3Bucket } from './source/bucket/open-s3-bucket.ts';
import { createBucketReconciler, restoreBucket } from './source/bucket/reconciler.ts';
import { openGitRemote } from './source/git-client.ts';
import type { OpenRemote } from './source/git-remotes.ts';
import { createSourceReconciler, restoreArtifact } from './source/reconciler.ts';
import type { FindSources, Source } from './source/source.ts';

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
  /** How buckets are reached. Default: S3. */
  readonly openBucket?: OpenBucket;
}

const BY_SOURCE = 'source';
const BY_DEPENDENCY = 'dependency';

/**
 * Flux' GitRepository, Bucket and Kustomization on one cluster, with Flux' names, conditions and inventory. Returns when it knows
 * the state of the cluster and has begun to work; ends with the signal or by disposal, and then waits for what runs.
 *
 * Assumptions: the kinds of `gitopsManifests` are installed; no other agent works on the same cluster.
 */
export async function startGitOpsAgent(options: GitOpsAgentOptions): Promise<AsyncDisposable> {
  const { log = logger, clock = systemClock, openRemote = openGitRemote, openBucket = openS3Bucket } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => ended.abort());
  const gitStore = stack.use(openArtifactStore(options.dataDir, 'gitrepository'));
  const bucketStore = stack.use(openArtifactStore(options.dataDir, 'bucket'));
  const cache = stack.use(createCache(options.client, { signal, clock, log }));
  const events = stack.use(createEventRecorder(options.client, { controller: 'kustomize-controller', clock, log }));
  const sourceEvents = stack.use(createEventRecorder(options.client, { controller: 'source-controller', clock, log }));

  const repositories = cache.informer<GitRepository>(gitRepositories);
  const bucketObjects = cache.informer<Bucket>(buckets);
  const findSources: FindSources = (kind) =>
    kind === 'GitRepository' ? { resource: 'gitrepositories.source.toolkit.fluxcd.io', get: repositories.get, store: gitStore } : kind === 'Bucket' ? { resource: 'buckets.source.toolkit.fluxcd.io', get: bucketObjects.get, store: bucketStore } : undefined;
  const units = cache.informer<Kustomization>(kustomizations);
  units.addIndex(BY_SOURCE, (unit) => [sourceId(unit)]);
  units.addIndex(BY_DEPENDENCY, (unit) => dependenciesOf(unit).map(keyString));

  // What earlier processes stored is there before anybody asks for it: a restart must not look like a loss.
  await Promise.all([repositories.synced, bucketObjects.synced]);
  await Promise.all([...repositories.list().map((source) => restoreArtifact(gitStore, source, log)), ...bucketObjects.list().map((source) => restoreBucket(bucketStore, source, log))]);

  let sourceController: Controller | undefined;
  const sourceReconciler = stack.use(
    createSourceReconciler({
      client: cache.client,
      repositories,
      store: gitStore,
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
      sources: [{ informer: repositories, predicate: isAsked }],
      reconcile: (key, context) => sourceReconciler.reconcile(key, context.signal),
      signal,
      clock,
      log,
    }),
  );

  const bucketReconciler = stack.use(createBucketReconciler({ client: cache.client, buckets: bucketObjects, store: bucketStore, openBucket, events: sourceEvents, clock, log }));
  stack.use(
    runController({
      name: 'bucket',
      sources: [{ informer: bucketObjects, predicate: isAsked }],
      reconcile: (key, context) => bucketReconciler.reconcile(key, context.signal),
      concurrency: 4,
      signal,
      clock,
      log,
    }),
  );

  const dependentsOf = (key: ObjectKey): readonly ObjectKey[] => units.byIndex(BY_DEPENDENCY, keyString(key)).map(keyOf);
  let controller: Controller | undefined;
  const reconciler = createKustomizationReconciler({
    client: cache.client,
    ...(options.clientFor ? { clientFor: options.clientFor } : {}),
    kustomizations: units,
    findSources,
    progressed: (key) => {
      for (const dependent of dependentsOf(key)) controller?.enqueue(dependent);
    },
    enqueue: (key, afterMs) => controller?.enqueue(key, afterMs),
    events,
    clock,
    log,
  });
  const drift = stack.use(watchDrift({ client: options.client, seen: reconciler.seen, listed: reconciler.listed, signal, clock, log }));
  const unitsOf = (kind: Source['kind'], source: ObjectKey): readonly ObjectKey[] => units.byIndex(BY_SOURCE, `${kind} ${keyString(source)}`).map(keyOf);
  controller = stack.use(
    runController({
      name: 'kustomization',
      sources: [
        { informer: units, predicate: (object, previous) => interruptIfChanged(object, previous) },
        { informer: units, predicate: isProgress, map: (object) => dependentsOf(keyOf(object)) },
        { informer: repositories, predicate: (_object, previous) => previous === undefined, map: (object) => unitsOf('GitRepository', keyOf(object)) },
        { informer: bucketObjects, predicate: (_object, previous) => previous === undefined, map: (object) => unitsOf('Bucket', keyOf(object)) },
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
  for (const [kind, store] of [['GitRepository', gitStore], ['Bucket', bucketStore]] as const) {
    stack.defer(
      store.subscribe((source) => {
        for (const unit of unitsOf(kind, source)) {
          reconciler.interrupt(unit);
          controller?.enqueue(unit);
        }
      }),
    );
  }
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
