import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';
import { kustomizations, type Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import { done, findCondition, patchStatus, retryAfter, withFinalizer, type Clock, type EventRecorder, type Informer, type Logger, type Result } from '@plinth/controller-runtime';
import { createDriftNotices, type DriftNotices } from '../drift/drift-notices.ts';
import { takeDrift } from '../drift/notice-drift.ts';
import type { WatchedKinds } from '../drift/watch-drift.ts';
import { parseDuration, printDuration } from '../duration.ts';
import { FINALIZER, KUSTOMIZATION_STATUS_MANAGER, REQUESTED_AT } from '../names.ts';
import type { Artifact } from '../source/artifact-store.ts';
import type { FindSources } from '../source/source.ts';
import { applyArtifact } from './apply-artifact.ts';
import { cleanUp } from './clean-up.ts';
import { sourceOf, unmetDependency } from './depends-on.ts';
import { emptyMemory, type Memories, type Memory } from './memory.ts';
import { reportRun } from './report-run.ts';
import { isProgressAlone, kustomizationStatus, type RunOutcome, type StatusContext } from './status.ts';
import { unsupportedOf } from './unsupported.ts';

export interface KustomizationReconcilerOptions {
  /** Writes through the informers. */
  readonly client: Client;
  /** Acts as a ServiceAccount, for Kustomizations that name one. */
  readonly clientFor?: (namespace: string, serviceAccount: string) => Client;
  readonly kustomizations: Informer<Kustomization>;
  readonly findSources: FindSources;
  /** Called when a Kustomization got further than its status says: others may have waited for that. */
  readonly progressed: (key: ObjectKey) => void;
  /** Asks for another reconcile. */
  readonly enqueue: (key: ObjectKey, afterMs: number) => void;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface KustomizationReconciler extends Pick<DriftNotices, 'seen' | 'listed'> {
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result>;
  /** Ends a wait for health, because there is something newer to apply. */
  interrupt(key: ObjectKey): void;
  /** Kinds of what is applied. */
  kinds(): WatchedKinds;
  /** Kustomizations with objects that wait for this kind or namespace. */
  waitingFor(missing: string): readonly ObjectKey[];
}

/** Nothing waits for this: what is awaited wakes the run. */
const FALLBACK_MS = 30_000;
/** When the cluster did not answer, or when something is soon to be gone. */
const TRANSIENT_RETRY_MS = 1_000;
const MIN_TIMEOUT_MS = 30_000;
/** With more objects than this, statuses that tell of progress alone take at most one part in so many of the time. */
const PACED_FROM_ENTRIES = 500;
const PACE = 10;
const MAX_PACE_MS = 1_000;

/**
 * Applies what Kustomizations want. A run that a push causes looks only at what the push changed; every `interval` a run
 * looks at the live objects, too, and puts back what somebody changed.
 */
export function createKustomizationReconciler(options: KustomizationReconcilerOptions): KustomizationReconciler {
  const { client, findSources, events, clock, log } = options;
  const memories: Memories = new Map();
  const notices = createDriftNotices({ memories, kustomizations: options.kustomizations, events, enqueue: options.enqueue, clock });

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

  /**
   * Writes the status of a run, or holds it back. The status names every object, so with many of them each write is much
   * work, and pushes come faster: what only tells of progress takes its turn.
   */
  async function say(kustomization: Kustomization, memory: Memory, outcome: RunOutcome): Promise<void> {
    const startedAt = clock.now();
    memory.unsaid = outcome;
    const status = kustomizationStatus(kustomization, outcome, contextOf(kustomization));
    if (startedAt < memory.nextStatusAt && isProgressAlone(kustomization.status, status)) {
      options.progressed(keyOf(kustomization));
      return;
    }
    await patchStatus(client, kustomizations, kustomization, status, { fieldManager: KUSTOMIZATION_STATUS_MANAGER });
    memory.unsaid = undefined;
    const entries = status.inventory?.entries.length ?? 0;
    const now = clock.now();
    memory.nextStatusAt = entries < PACED_FROM_ENTRIES ? 0 : now + Math.min((now - startedAt) * PACE, MAX_PACE_MS);
  }

  /** With the status that it will have: who depends on it need not wait for the write. */
  const asItIs = (key: ObjectKey): Kustomization | undefined => {
    const kustomization = options.kustomizations.get(key);
    const memory = memories.get(keyString(key))?.memory;
    const unsaid = memory?.generation === kustomization?.metadata.generation ? memory?.unsaid : undefined;
    return kustomization && unsaid ? { ...kustomization, status: kustomizationStatus(kustomization, unsaid, contextOf(kustomization)) } : kustomization;
  };

  /** Who changes the cluster for it. What is read to find out what to change, the agent reads itself. */
  const actingFor = ({ spec, metadata }: Kustomization): Client => (spec?.serviceAccountName && options.clientFor ? options.clientFor(metadata.namespace ?? '', spec.serviceAccountName) : client);

  /** What a run is about: its source's artifact, or why there is none. */
  function findArtifact(kustomization: Kustomization): Artifact | (RunOutcome & { readonly type: 'failed' }) {
    const source = sourceOf(kustomization);
    const sources = findSources(kustomization.spec?.sourceRef.kind ?? '');
    const object = sources?.get(source);
    const failed = (message: string) => ({ type: 'failed', reason: 'ArtifactFailed', stage: 'Fetching manifests', message }) as const;
    if (!object) return failed(`${sources?.resource ?? kustomization.spec?.sourceRef.kind} "${source.name}" not found`);
    const artifact = sources?.store.get(source);
    if (artifact) return artifact;
    const ready = findCondition(object.status?.conditions, 'Ready');
    return failed(ready?.status === 'False' ? 'Source is not ready, artifact not found, retrying in 30s' : 'Source artifact not found, retrying in 30s');
  }

  /** What a bucket's source leaves out is not in its artifact. */
  function ignoreOf(kustomization: Kustomization): string | undefined {
    const source = findSources(kustomization.spec?.sourceRef.kind ?? '')?.get(sourceOf(kustomization));
    return source?.kind === 'Bucket' ? undefined : source?.spec?.ignore;
  }

  async function run(kustomization: Kustomization, memory: Memory, signal: AbortSignal): Promise<Result> {
    const { spec } = kustomization;
    if (spec?.suspend) return done;
    const unsupported = unsupportedOf(kustomization, options.clientFor !== undefined);
    if (unsupported) return finish(kustomization, memory, { type: 'stalled', reason: 'Unsupported', message: unsupported }, clock.now(), []);
    const artifact = findArtifact(kustomization);
    if ('type' in artifact) return finish(kustomization, memory, artifact, clock.now(), []);
    const unmet = unmetDependency(kustomization, artifact, asItIs, (revision) => findSources(kustomization.spec?.sourceRef.kind ?? '')?.store.at(sourceOf(kustomization), revision));
    if (unmet) {
      return finish(kustomization, memory, { type: 'failed', reason: 'DependencyNotReady', stage: 'Fetching manifests', message: unmet, revision: artifact.revision }, clock.now(), []);
    }
    const startedAt = clock.now();
    const requestedAt = kustomization.metadata.annotations?.[REQUESTED_AT];
    const isNew = memory.generation !== (kustomization.metadata.generation ?? 0);
    const checkLive = isNew || (requestedAt !== undefined && requestedAt !== kustomization.status?.lastHandledReconcileAt) || startedAt >= memory.nextCheckAt;
    const causes = takeDrift(memory, startedAt);
    if (!checkLive && memory.revision === artifact.revision && memory.missing.size === 0 && causes.size === 0) {
      if (memory.unsaid && startedAt >= memory.nextStatusAt) await say(kustomization, memory, memory.unsaid);
      return retryAfter(sooner(memory, memory.nextCheckAt - startedAt));
    }

    let current = kustomization;
    if (kustomization.status?.observedGeneration !== kustomization.metadata.generation) {
      current = await write(kustomization, { type: 'progressing', stage: 'Fetching manifests', revision: artifact.revision });
    }
    const changes: string[] = [];
    memory.isApplying = true;
    const outcome = await applyArtifact(current, memory, artifact, {
      client,
      actor: actingFor(current),
      clock,
      log,
      signal,
      timeoutMs: contextOf(current).timeoutMs,
      checkLive,
      ignore: ignoreOf(current),
      causes,
      changes,
      applied: () => notices.judge(keyOf(current), memory),
      progress: (progress) => write(current, progress),
    });
    if (checkLive) memory.nextCheckAt = startedAt + parseDuration(spec?.interval, 60_000);
    memory.generation = kustomization.metadata.generation ?? 0;
    if (outcome === 'interrupted') return retryAfter(0);
    // The status is said of the spec that was applied, which need no longer be the present one.
    const latest = options.kustomizations.get(keyOf(kustomization)) ?? current;
    return finish({ ...kustomization, ...(latest.status ? { status: latest.status } : {}) }, memory, outcome, startedAt, changes);
  }

  /** A status that was held back, and drift that is put back later, are not to wait for the next look. */
  const sooner = ({ nextStatusAt, unsaid, drifted }: Memory, ms: number): number => {
    const now = clock.now();
    let soonest = unsaid ? Math.min(ms, Math.max(nextStatusAt - now, 0)) : ms;
    // What is due already could not be put back: there was no artifact to compare with.
    for (const { dueAt } of drifted.values()) soonest = Math.min(soonest, dueAt > now ? dueAt - now : TRANSIENT_RETRY_MS);
    return soonest;
  };

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
    const finished = `Reconciliation finished in ${printDuration(now - startedAt)}, next run in ${printDuration(intervalMs)}`;
    reportRun(kustomization, outcome, { changes, finished, events, log });
    await say(kustomization, memory, outcome);
    return outcome.type === 'stalled' ? done : retryAfter(sooner(memory, nextMs));
  }

  return {
    seen: notices.seen,
    listed: notices.listed,
    kinds: () => new Map([...memories.values()].flatMap(({ memory }) => [...(memory.inventory?.kinds() ?? [])])),
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
        apply: async (held) => {
          try {
            return await run(held, memory, signal);
          } finally {
            notices.judge(key, memory);
          }
        },
        cleanup: async (leaving) => {
          await cleanUp(leaving, memory.inventory?.entries ?? [], { client, actor: actingFor(leaving), events });
          memories.delete(id);
          return done;
        },
      });
    },
    interrupt: (key) => memories.get(keyString(key))?.memory.healthWait?.abort(),
    waitingFor: (missing) => [...memories.values()].filter(({ memory }) => memory.missing.has(missing)).map(({ key }) => key),
  };
}
