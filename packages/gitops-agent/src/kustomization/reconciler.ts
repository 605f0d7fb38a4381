import { gvkOf, keyOf, keyString, type ObjectKey, type UnstructuredObject } from '@plinth/apimachinery';
import { kustomizations, type ApplyFailure, type GitRepository, type InventoryEntry, type Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import { done, findCondition, patchStatus, retryAfter, withFinalizer, type Clock, type EventRecorder, type Informer, type Logger, type Result } from '@plinth/controller-runtime';
import { parseDuration, printDuration } from '../duration.ts';
import { FINALIZER, KUSTOMIZATION_STATUS_MANAGER, REQUESTED_AT } from '../names.ts';
import type { Artifact, ArtifactStore } from '../source/artifact-store.ts';
import { entryAt } from '../source/tree-reader.ts';
import { missingKey, type ApplyOutcome } from './apply-object.ts';
import { applySet, type AppliedObjects } from './apply-set.ts';
import { build, emptyBuildMemory, type Build, type BuildMemory, type DesiredObject } from './build.ts';
import { sourceOf, unmetDependency } from './depends-on.ts';
import { findStrays } from './find-strays.ts';
import { prune } from './prune.ts';
import { kustomizationStatus, type RunOutcome, type StatusContext } from './status.ts';
import { subjectOf } from './subject.ts';
import { unsupportedOf } from './unsupported.ts';
import { readVariables } from './variables.ts';
import { waitHealthy, type HealthTarget } from './wait-healthy.ts';

export interface KustomizationReconcilerOptions {
  /** Writes through the informers. */
  readonly client: Client;
  /** Acts as a ServiceAccount, for Kustomizations that name one. */
  readonly clientFor?: (namespace: string, serviceAccount: string) => Client;
  readonly kustomizations: Informer<Kustomization>;
  readonly repositories: Informer<GitRepository>;
  readonly store: ArtifactStore;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface KustomizationReconciler {
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result>;
  /** Ends a wait for health, because there is something newer to apply. */
  interrupt(key: ObjectKey): void;
  /** Kustomizations with objects that wait for this kind or namespace. */
  waitingFor(missing: string): readonly ObjectKey[];
}

/** What is remembered of one Kustomization between runs; all of it can be lost. */
interface Memory {
  readonly build: BuildMemory;
  readonly applied: AppliedObjects;
  /** Objects of earlier processes whose manifests may be in files that cannot be read. */
  orphans: ReadonlySet<string>;
  revision: string | undefined;
  generation: number;
  /** When to look at the live objects again, in ms since the epoch. */
  nextCheckAt: number;
  missing: ReadonlySet<string>;
  healthWait: AbortController | undefined;
  readonly scopes: Map<string, boolean | undefined>;
}

/** Nothing waits for this: what is awaited wakes the run. */
const FALLBACK_MS = 30_000;
/** When the cluster did not answer, or when something is soon to be gone. */
const TRANSIENT_RETRY_MS = 1_000;
const MIN_TIMEOUT_MS = 30_000;

/**
 * Applies what Kustomizations want. A run that a push causes looks only at what the push changed; every `interval` a run
 * looks at the live objects, too, and puts back what somebody changed.
 */
export function createKustomizationReconciler(options: KustomizationReconcilerOptions): KustomizationReconciler {
  const { client, store, events, clock, log } = options;
  const memories = new Map<string, { readonly key: ObjectKey; readonly memory: Memory }>();

  const contextOf = (kustomization: Kustomization): StatusContext => {
    const intervalMs = parseDuration(kustomization.spec?.interval, 60_000);
    return {
      requestedAt: kustomization.metadata.annotations?.[REQUESTED_AT],
      timeoutMs: Math.max(parseDuration(kustomization.spec?.timeout, intervalMs - 30_000), MIN_TIMEOUT_MS),
      now: new Date(clock.now()),
    };
  };

  const write = (kustomization: Kustomization, outcome: RunOutcome): Promise<Kustomization> =>
    patchStatus(client, kustomizations, kustomization, kustomizationStatus(kustomization, outcome, contextOf(kustomization)), { fieldManager: KUSTOMIZATION_STATUS_MANAGER });

  /** Who changes the cluster for it. What is read to find out what to change, the agent reads itself. */
  const actingFor = ({ spec, metadata }: Kustomization): Client => (spec?.serviceAccountName && options.clientFor ? options.clientFor(metadata.namespace ?? '', spec.serviceAccountName) : client);

  /** What a run is about: its source's artifact, or why there is none. */
  function findArtifact(kustomization: Kustomization): Artifact | (RunOutcome & { readonly type: 'failed' }) {
    const source = sourceOf(kustomization);
    const repository = options.repositories.get(source);
    const failed = (message: string) => ({ type: 'failed', reason: 'ArtifactFailed', stage: 'Fetching manifests', message }) as const;
    if (!repository) return failed(`gitrepositories.source.toolkit.fluxcd.io "${source.name}" not found`);
    const artifact = store.get(source);
    if (artifact) return artifact;
    const ready = findCondition(repository.status?.conditions, 'Ready');
    return failed(ready?.status === 'False' ? 'Source is not ready, artifact not found, retrying in 30s' : 'Source artifact not found, retrying in 30s');
  }

  async function run(kustomization: Kustomization, memory: Memory, signal: AbortSignal): Promise<Result> {
    const { spec } = kustomization;
    if (spec?.suspend) return done;
    const unsupported = unsupportedOf(kustomization, options.clientFor !== undefined);
    if (unsupported) return finish(kustomization, memory, { type: 'stalled', reason: 'Unsupported', message: unsupported }, clock.now(), []);
    const artifact = findArtifact(kustomization);
    if ('type' in artifact) return finish(kustomization, memory, artifact, clock.now(), []);
    const unmet = unmetDependency(kustomization, artifact, (key) => options.kustomizations.get(key), (source, revision) => store.at(source, revision));
    if (unmet) {
      return finish(kustomization, memory, { type: 'failed', reason: 'DependencyNotReady', stage: 'Fetching manifests', message: unmet, revision: artifact.revision }, clock.now(), []);
    }
    const startedAt = clock.now();
    const requestedAt = kustomization.metadata.annotations?.[REQUESTED_AT];
    const isNew = memory.generation !== (kustomization.metadata.generation ?? 0);
    const checkLive = isNew || (requestedAt !== undefined && requestedAt !== kustomization.status?.lastHandledReconcileAt) || startedAt >= memory.nextCheckAt;
    if (!checkLive && memory.revision === artifact.revision && memory.missing.size === 0) return retryAfter(memory.nextCheckAt - startedAt);

    let current = kustomization;
    if (kustomization.status?.observedGeneration !== kustomization.metadata.generation) {
      current = await write(kustomization, { type: 'progressing', stage: 'Fetching manifests', revision: artifact.revision });
    }
    const changes: string[] = [];
    const outcome = await applyArtifact(current, memory, artifact, checkLive, changes, signal);
    if (checkLive) memory.nextCheckAt = startedAt + parseDuration(spec?.interval, 60_000);
    memory.generation = kustomization.metadata.generation ?? 0;
    if (outcome === 'interrupted') return retryAfter(0);
    // The status is said of the spec that was applied, which need no longer be the present one.
    const latest = options.kustomizations.get(keyOf(kustomization)) ?? current;
    return finish({ ...kustomization, ...(latest.status ? { status: latest.status } : {}) }, memory, outcome, startedAt, changes);
  }

  /** Builds, applies, prunes and checks health. `changes` gets a line for everything that was changed. */
  async function applyArtifact(
    kustomization: Kustomization,
    memory: Memory,
    artifact: Artifact,
    checkLive: boolean,
    changes: string[],
    signal: AbortSignal,
  ): Promise<RunOutcome | 'interrupted'> {
    const { revision } = artifact;
    const { spec } = kustomization;
    const path = spec?.path ?? '';
    if (entryAt(artifact.reader, artifact.root, path)?.type !== 'folder') {
      return { type: 'failed', reason: 'ArtifactFailed', stage: 'Building manifests', revision, message: `kustomization path not found: stat ${path}: no such file or directory` };
    }
    let built: Build | undefined;
    try {
      const variables = await readVariables(client, kustomization);
      const ignore = options.repositories.get(sourceOf(kustomization))?.spec?.ignore;
      built = await build({
        kustomization,
        reader: artifact.reader,
        root: artifact.root,
        ignore,
        variables,
        isNamespaced: ({ apiVersion, kind }) => memory.scopes.get(`${apiVersion} ${kind}`),
        prepare: (objects) => learnScopes(memory, objects),
        memory: memory.build,
      });
    } catch (error) {
      signal.throwIfAborted();
      return { type: 'failed', reason: 'BuildFailed', stage: 'Building manifests', revision, attempted: true, message: error instanceof Error ? error.message : String(error) };
    }
    if (!built) return { type: 'failed', reason: 'ArtifactFailed', stage: 'Building manifests', revision, message: `kustomization path not found: stat ${path}: no such file or directory` };

    const timeoutMs = contextOf(kustomization).timeoutMs;
    const owner = { name: kustomization.metadata.name, namespace: kustomization.metadata.namespace ?? '' };
    const inventoried = kustomization.status?.inventory?.entries ?? [];
    const isCold = memory.revision === undefined;
    let old: readonly InventoryEntry[] = inventoried;
    try {
      if (isCold) old = [...inventoried, ...(await findStrays(client, owner, inventoried, built.objects.map(({ object }) => object)))];
    } catch (err) {
      signal.throwIfAborted();
      log.warn({ kind: 'Kustomization', ...keyOf(kustomization), err }, 'failed to look for objects that the inventory does not name');
    }
    const result = await applySet(built.objects, { client: actingFor(kustomization), force: spec?.force ?? false, timeoutMs, signal, owner, checkLive, applied: memory.applied });
    const failures: ApplyFailure[] = [];
    const missing = new Set<string>();
    let isLeaving = false;
    for (const [desired, outcome] of result.outcomes) {
      if (outcome.type === 'failed') {
        failures.push(failureOf(desired, outcome.message));
        if (outcome.missing) missing.add(missingKey(outcome.missing));
        if (outcome.isLeaving) isLeaving = true;
      } else if (outcome.type !== 'skipped' && outcome.type !== 'unchanged') changes.push(`${subjectOf(desired.object)} ${outcome.type}`);
    }
    memory.missing = missing;
    for (const { id, path: file } of built.objects) memory.build.owners.set(id, file);

    const inventory = inventoryAfter(old, built.objects, result.outcomes);
    const wanted = new Set(built.objects.map(({ id }) => id));
    const unwanted = old.filter(({ id }) => !wanted.has(id));
    if (built.hasUnknownHoles && isCold) memory.orphans = new Set(unwanted.map(({ id }) => id));
    if (!built.hasUnknownHoles) memory.orphans = new Set();
    const held = unwanted.filter(({ id }) => built.held.has(id) || memory.orphans.has(id));
    const stale = unwanted.filter(({ id }) => !built.held.has(id) && !memory.orphans.has(id));
    memory.revision = revision;
    const stage = 'Detecting drift';
    if (result.unavailable !== undefined) {
      memory.revision = undefined;
      return { type: 'failed', reason: 'ReconciliationFailed', stage, revision, attempted: true, message: result.unavailable, isTransient: true, inventory: [...inventory, ...unwanted] };
    }

    const pruned = spec?.prune ? await prune(actingFor(kustomization), owner, stale) : { deleted: [], survivors: [], errors: [] };
    for (const { id } of stale) {
      memory.applied.delete(id);
      memory.build.owners.delete(id);
    }
    changes.push(...pruned.deleted.map((subject) => `${subject} deleted`));
    const kept = [...inventory, ...held, ...pruned.survivors];
    const problems = [...built.problems, ...failures];
    if (problems.length > 0) {
      const hasBuilt = built.objects.length > 0 || failures.length > 0;
      return {
        type: 'failed',
        reason: hasBuilt ? 'ReconciliationFailed' : 'BuildFailed',
        stage,
        revision,
        attempted: true,
        isPartial: hasBuilt,
        ...(isLeaving ? { isTransient: true } : {}),
        message: problemMessage([...new Set(problems.map(({ message }) => message))], built.objects.length - failures.length),
        failures: problems,
        inventory: kept,
      };
    }
    if (pruned.errors.length > 0) {
      return { type: 'failed', reason: 'PruneFailed', stage, revision, attempted: true, isPartial: true, message: `delete failed, errors: ${pruned.errors.join('; ')}`, inventory: kept };
    }
    return checkHealth(kustomization, memory, revision, kept, built.objects, changes, timeoutMs, signal);
  }

  async function checkHealth(
    kustomization: Kustomization,
    memory: Memory,
    revision: string,
    inventory: readonly InventoryEntry[],
    objects: readonly DesiredObject[],
    changes: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<RunOutcome | 'interrupted'> {
    const targets = healthTargets(kustomization, objects);
    if (targets.length === 0) return { type: 'applied', revision, inventory };
    const startedAt = clock.now();
    if (changes.length > 0 || kustomization.status?.lastAppliedRevision !== revision) {
      await write(kustomization, { type: 'progressing', stage: 'Running health checks', revision, inventory });
    }
    const interrupted = new AbortController();
    memory.healthWait = interrupted;
    try {
      const result = await waitHealthy(actingFor(kustomization), targets, { timeoutMs, signal: AbortSignal.any([signal, interrupted.signal]) });
      const healthyAfterMs = clock.now() - startedAt;
      if (result.type === 'healthy') return { type: 'applied', revision, inventory, healthyAfterMs };
      return { type: 'failed', reason: 'HealthCheckFailed', stage: 'Running health checks', revision, attempted: true, message: result.message, inventory };
    } catch (error) {
      if (interrupted.signal.aborted && !signal.aborted) return 'interrupted';
      throw error;
    } finally {
      memory.healthWait = undefined;
    }
  }

  /** Writes the status and says when to look again. */
  async function finish(kustomization: Kustomization, memory: Memory, outcome: RunOutcome, startedAt: number, changes: readonly string[]): Promise<Result> {
    const { spec } = kustomization;
    const intervalMs = parseDuration(spec?.interval, 60_000);
    const now = clock.now();
    let nextMs = Math.max(memory.nextCheckAt - now, 0);
    if (outcome.type === 'failed') {
      const retryMs = parseDuration(spec?.retryInterval, intervalMs);
      if (outcome.reason === 'ArtifactFailed' || outcome.reason === 'DependencyNotReady') nextMs = FALLBACK_MS;
      else nextMs = outcome.isTransient ? Math.min(retryMs, TRANSIENT_RETRY_MS) : retryMs;
      // A failed run is followed by a whole one.
      memory.nextCheckAt = Math.min(memory.nextCheckAt, now + nextMs);
    }
    report(kustomization, outcome, changes, `Reconciliation finished in ${printDuration(now - startedAt)}, next run in ${printDuration(intervalMs)}`);
    await write(kustomization, outcome);
    return outcome.type === 'stalled' ? done : retryAfter(nextMs);
  }

  /** Events say what happened; a run in which nothing did says nothing (Flux writes an event at every interval). */
  function report(kustomization: Kustomization, outcome: RunOutcome, changes: readonly string[], finished: string): void {
    const before = findCondition(kustomization.status?.conditions, 'Ready');
    if (changes.length > 0) events.record(kustomization, { type: 'Normal', reason: 'Progressing', message: changes.join('\n') });
    switch (outcome.type) {
      case 'applied': {
        const isNews = changes.length > 0 || before?.status !== 'True' || kustomization.status?.lastAppliedRevision !== outcome.revision;
        if (!isNews) return;
        if (outcome.healthyAfterMs !== undefined) events.record(kustomization, { type: 'Normal', reason: 'Progressing', message: `Health check passed in ${printDuration(outcome.healthyAfterMs)}` });
        events.record(kustomization, { type: 'Normal', reason: 'ReconciliationSucceeded', message: finished });
        return;
      }
      case 'failed':
      case 'stalled': {
        if (before?.status === 'False' && before.reason === outcome.reason && before.message === outcome.message) return;
        if (outcome.reason === 'DependencyNotReady') {
          events.record(kustomization, { type: 'Normal', reason: outcome.reason, message: 'Dependencies do not meet ready condition, retrying in 30s' });
          return;
        }
        log.warn({ kind: 'Kustomization', ...keyOf(kustomization), reason: outcome.reason, message: outcome.message }, 'a kustomization is not as it should be');
        events.record(kustomization, { type: 'Warning', reason: outcome.reason, message: outcome.message });
        return;
      }
      case 'progressing':
        return;
      default:
        outcome satisfies never;
    }
  }

  /** Which kinds have namespaces, asked once per kind; a definition among the objects says it of its own kind. */
  async function learnScopes(memory: Memory, objects: readonly UnstructuredObject[]): Promise<void> {
    for (const object of objects) {
      const spec = object['spec'] as { readonly scope?: string; readonly group?: string; readonly names?: { readonly kind?: string }; readonly versions?: readonly { readonly name: string }[] } | undefined;
      if (object.kind !== 'CustomResourceDefinition') continue;
      for (const version of spec?.versions ?? []) memory.scopes.set(`${spec?.group ?? ''}/${version.name} ${spec?.names?.kind ?? ''}`, spec?.scope === 'Namespaced');
    }
    for (const object of objects) {
      const key = `${object.apiVersion} ${object.kind}`;
      if (memory.scopes.get(key) === undefined) memory.scopes.set(key, (await client.resolve(gvkOf(object)))?.namespaced);
    }
  }

  /** Deletes what was applied, as its policy says; a suspended Kustomization leaves everything. */
  async function cleanUp(kustomization: Kustomization): Promise<Result> {
    const { spec, status } = kustomization;
    const policy = spec?.deletionPolicy ?? 'MirrorPrune';
    const mayPrune = policy === 'Orphan' ? false : policy === 'Delete' ? true : spec?.prune === true;
    if (mayPrune && !spec?.suspend) {
      const owner = { name: kustomization.metadata.name, namespace: kustomization.metadata.namespace ?? '' };
      const inventory = status?.inventory?.entries ?? [];
      const { errors } = await prune(actingFor(kustomization), owner, [...inventory, ...(await findStrays(client, owner, inventory, []))]);
      if (errors.length > 0) {
        const message = `delete failed, errors: ${errors.join('; ')}`;
        events.record(kustomization, { type: 'Warning', reason: 'PruneFailed', message });
        throw new Error(`failed to delete the objects of kustomization ${keyString(keyOf(kustomization))}: ${message}`);
      }
    }
    memories.delete(keyString(keyOf(kustomization)));
    return done;
  }

  return {
    reconcile: async (key, signal) => {
      const kustomization = options.kustomizations.get(key);
      const id = keyString(key);
      if (!kustomization) {
        memories.delete(id);
        return done;
      }
      let entry = memories.get(id);
      if (!entry) memories.set(id, (entry = { key, memory: emptyMemory() }));
      const { memory } = entry;
      return withFinalizer(client, kustomizations, kustomization, FINALIZER, {
        apply: (held) => run(held, memory, signal),
        cleanup: cleanUp,
      });
    },
    interrupt: (key) => memories.get(keyString(key))?.memory.healthWait?.abort(),
    waitingFor: (missing) => [...memories.values()].filter(({ memory }) => memory.missing.has(missing)).map(({ key }) => key),
  };
}

const emptyMemory = (): Memory => ({
  build: emptyBuildMemory(),
  applied: new Map(),
  orphans: new Set(),
  revision: undefined,
  generation: -1,
  nextCheckAt: 0,
  missing: new Set(),
  healthWait: undefined,
  scopes: new Map(),
});

/** What is in the cluster because of this Kustomization: an object that failed counts only if it was there before. */
function inventoryAfter(old: readonly InventoryEntry[], objects: readonly DesiredObject[], outcomes: ReadonlyMap<DesiredObject, ApplyOutcome>): readonly InventoryEntry[] {
  const before = new Map(old.map((entry) => [entry.id, entry] as const));
  return objects.flatMap((desired) => {
    const outcome = outcomes.get(desired);
    if (outcome === undefined || outcome.type === 'failed') {
      const entry = before.get(desired.id);
      return entry ? [entry] : [];
    }
    return [{ id: desired.id, v: gvkOf(desired.object).version }];
  });
}

const failureOf = ({ object, path }: DesiredObject, message: string): ApplyFailure => ({
  path,
  apiVersion: object.apiVersion,
  kind: object.kind,
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name,
  message,
});

const MAX_LISTED = 20;

/** One problem as Flux words it; several with how much did go well. */
function problemMessage(problems: readonly string[], applied: number): string {
  if (problems.length === 1 && problems[0] !== undefined) return problems[0];
  const rest = problems.length > MAX_LISTED ? `\nand ${problems.length - MAX_LISTED} more` : '';
  return `${problems.length} problems, ${applied} objects are as they should be:\n${problems.slice(0, MAX_LISTED).join('\n')}${rest}`;
}

function healthTargets(kustomization: Kustomization, objects: readonly DesiredObject[]): readonly HealthTarget[] {
  const { spec } = kustomization;
  if (spec?.wait) return objects.map(({ object }) => ({ apiVersion: object.apiVersion, kind: object.kind, key: keyOf(object) }));
  return (spec?.healthChecks ?? []).map(({ apiVersion, kind, name, namespace }) => ({
    apiVersion: apiVersion ?? 'v1',
    kind,
    key: { namespace: namespace ?? kustomization.metadata.namespace ?? '', name },
  }));
}
