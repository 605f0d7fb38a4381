import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';
import { gitRepositories, type GitRepository } from '@plinth/api';
import type { Client } from '@plinth/client';
import { GitFormatError, GitRepositoryError } from '@plinth/git';
import { done, patchStatus, retryAfter, withFinalizer, type Clock, type EventRecorder, type Informer, type Logger, type Result } from '@plinth/controller-runtime';
import { parseDuration, printDuration } from '../duration.ts';
import { FINALIZER, REQUESTED_AT, SOURCE_STATUS_MANAGER } from '../names.ts';
import { artifactPath, type ArtifactStore } from './artifact-store.ts';
import { readAddress } from './credentials.ts';
import { AuthenticationFailed, type OpenRemote, type RemoteRepository } from './git-remotes.ts';
import { ArtifactTooLarge } from './measure-folder.ts';
import { subscribeToRefs, type RefSubscription } from './ref-subscription.ts';
import { reportFailure } from './report-failure.ts';
import { retryDelay } from './retry-delay.ts';
import { chooseRevision, describeReference, type ChosenRevision, type GitReference } from './revision.ts';
import { sourceStatus, type SourceOutcome } from './status.ts';

export interface SourceReconcilerOptions {
  /** Writes through the informers. */
  readonly client: Client;
  readonly repositories: Informer<GitRepository>;
  readonly store: ArtifactStore;
  readonly openRemote: OpenRemote;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asks for another reconcile. */
  readonly enqueue: (key: ObjectKey, afterMs?: number) => void;
}

export interface SourceReconciler extends AsyncDisposable {
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result>;
}

/** What is remembered of one repository between runs; all of it can be lost. */
interface Memory {
  /** Something may have been pushed. */
  isDirty: boolean;
  /** What the server said was pushed, if it said so. */
  pushed: Map<string, string>;
  nextPollAt: number;
  failures: number;
  generation: number;
  connection: Connection | undefined;
}

/** A remote stays open between looks, and is followed meanwhile. */
interface Connection {
  /** The address with its credentials: another one needs another connection. */
  readonly to: string;
  readonly remote: RemoteRepository;
  readonly refs: RefSubscription;
}

/** While the server tells of pushes, polls are only there to notice that it is gone. */
const LIVE_POLL_MS = 30_000;
const ZERO_ID = /^0+$/;

/**
 * Keeps the artifact of every GitRepository at its newest revision: told of pushes where the server can, polling where
 * it cannot. A remote that cannot be reached keeps the last artifact, and is asked again at its interval at the latest
 * (Flux backs off for up to 15 minutes).
 */
export function createSourceReconciler(options: SourceReconcilerOptions): SourceReconciler {
  const { client, repositories, store, openRemote, events, clock, log, enqueue } = options;
  const memories = new Map<string, Memory>();
  const ending = new Set<Promise<void>>();

  const disconnect = (memory: Memory | undefined): void => {
    if (!memory?.connection) return;
    const { refs, remote } = memory.connection;
    memory.connection = undefined;
    refs.end();
    const gone = refs.finished.then(() => remote[Symbol.dispose]());
    ending.add(gone);
    void gone.then(() => ending.delete(gone));
  };

  async function connect(repository: GitRepository, memory: Memory): Promise<RemoteRepository> {
    const key = keyOf(repository);
    const address = await readAddress(client, repository);
    const to = JSON.stringify(address);
    if (memory.connection?.to === to) return memory.connection.remote;
    disconnect(memory);
    const remote = openRemote(address);
    const refs = subscribeToRefs(remote, {
      pushed: ({ ref, commit }) => {
        memory.isDirty = true;
        memory.pushed.set(ref, commit);
        enqueue(key);
      },
      ended: () => {
        memory.isDirty = true;
        enqueue(key);
      },
    });
    memory.connection = { to, remote, refs };
    return remote;
  }

  /** What is stored can be lost: when it is damaged it is dropped and fetched anew. */
  async function updateOrRepair(repository: GitRepository, memory: Memory, remote: RemoteRepository, signal: AbortSignal): Promise<SourceOutcome> {
    try {
      return await update(repository, memory, remote, signal);
    } catch (err) {
      if (!(err instanceof GitRepositoryError || err instanceof GitFormatError)) throw err;
      log.warn({ kind: 'GitRepository', ...keyOf(repository), err }, 'a stored artifact is damaged, fetching it anew');
      await store.remove(keyOf(repository));
      return update(repository, memory, remote, signal);
    }
  }

  /** Fetches the wanted revision, if it is not here yet. */
  async function update(repository: GitRepository, memory: Memory, remote: RemoteRepository, signal: AbortSignal): Promise<SourceOutcome> {
    const key = keyOf(repository);
    const current = store.get(key);
    const chosen = await findRevision(repository, memory, remote, signal);
    if (chosen.revision === current?.revision && repository.status?.artifact?.revision === chosen.revision) return { type: 'unchanged' };
    const isHere = chosen.commit === current?.commit && (await store.has(key, chosen.commit));
    const fetched = isHere ? undefined : await remote.fetch({ commit: chosen.commit, ...(current && (await store.has(key, current.commit)) ? { have: current.commit } : {}) }, signal);
    const artifact = await store.publish(key, chosen.revision, chosen.commit, fetched);
    events.record(repository, { type: 'Normal', reason: 'NewArtifact', message: `stored artifact for commit '${artifact.subject}'` });
    return {
      type: 'stored',
      artifact: {
        path: artifactPath(key, 'gitrepository'),
        url: `git+${withoutCredentials(repository.spec?.url ?? '')}@${artifact.commit}`,
        revision: artifact.revision,
        digest: `sha1:${artifact.root}`,
        size: artifact.size,
        lastUpdateTime: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
      },
    };
  }

  /** The server's word about a push saves asking it. */
  async function findRevision(repository: GitRepository, memory: Memory, remote: RemoteRepository, signal: AbortSignal): Promise<ChosenRevision> {
    const reference = repository.spec?.ref;
    const told = memory.pushed;
    memory.pushed = new Map();
    if (told.size > 0 && !reference?.semver && memory.failures === 0) {
      const chosen = chooseRevision(reference, told);
      if (chosen && !ZERO_ID.test(chosen.commit)) return chosen;
      // A push to another branch.
      const current = store.get(keyOf(repository));
      if (!chosen && current && repository.status?.artifact?.revision === current.revision) return { commit: current.commit, revision: current.revision };
    }
    const refs = reference?.commit ? new Map<string, string>() : await remote.listRefs(prefixesOf(reference), signal);
    const chosen = chooseRevision(reference, refs);
    if (chosen) return chosen;
    throw new Error(`failed to checkout and determine revision: couldn't find ${describeReference(reference)} in ${repository.spec?.url ?? ''}`);
  }

  async function poll(repository: GitRepository, memory: Memory, signal: AbortSignal): Promise<Result> {
    const spec = repository.spec;
    const intervalMs = parseDuration(spec?.interval, 60_000);
    const requestedAt = repository.metadata.annotations?.[REQUESTED_AT];
    const timeoutMs = parseDuration(spec?.timeout, 60_000);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const generation = repository.metadata.generation ?? 0;
    memory.isDirty = false;
    memory.generation = generation;
    let outcome: SourceOutcome;
    const unsupported = unsupportedOf(repository);
    if (unsupported) {
      outcome = { type: 'stalled', reason: unsupported.reason, message: unsupported.message };
    } else {
      try {
        const remote = await connect(repository, memory);
        outcome = await updateOrRepair(repository, memory, remote, deadline);
      } catch (err) {
        if (signal.aborted) throw err;
        outcome = failureOf(err, deadline.aborted ? timeoutMs : undefined);
      }
    }
    const failed = outcome.type === 'failed';
    memory.failures = failed ? memory.failures + 1 : 0;
    const now = clock.now();
    // The schedule stands before the status is written: the write must not count as a reason for another look.
    const idleMs = memory.connection?.refs.isLive ? Math.max(intervalMs, LIVE_POLL_MS) : intervalMs;
    memory.nextPollAt = now + (failed ? retryDelay(memory.failures, intervalMs) : idleMs);
    reportFailure(repository, outcome, { events, log });
    await patchStatus(client, gitRepositories, repository, sourceStatus(repository, outcome, requestedAt, new Date(now)), { fieldManager: SOURCE_STATUS_MANAGER });
    return retryAfter(memory.nextPollAt - now);
  }

  async function apply(repository: GitRepository, signal: AbortSignal): Promise<Result> {
    const key = keyOf(repository);
    const id = keyString(key);
    let memory = memories.get(id);
    if (!memory) {
      memory = { isDirty: true, pushed: new Map(), nextPollAt: 0, failures: 0, generation: 0, connection: undefined };
      memories.set(id, memory);
      if (!store.get(key)) await restoreArtifact(store, repository, log);
    }
    if (repository.spec?.suspend) {
      disconnect(memory);
      memory.nextPollAt = 0;
      return done;
    }
    const requestedAt = repository.metadata.annotations?.[REQUESTED_AT];
    const isAsked = requestedAt !== undefined && requestedAt !== repository.status?.lastHandledReconcileAt;
    const isNew = memory.generation !== (repository.metadata.generation ?? 0);
    const restMs = memory.nextPollAt - clock.now();
    if (memory.isDirty || isAsked || isNew || restMs <= 0) return poll(repository, memory, signal);
    return retryAfter(restMs);
  }

  return {
    reconcile: async (key, signal) => {
      const repository = repositories.get(key);
      if (!repository) {
        disconnect(memories.get(keyString(key)));
        memories.delete(keyString(key));
        return done;
      }
      return withFinalizer(client, gitRepositories, repository, FINALIZER, {
        apply: (held) => apply(held, signal),
        cleanup: async () => {
          disconnect(memories.get(keyString(key)));
          memories.delete(keyString(key));
          await store.remove(key);
          return done;
        },
      });
    },
    [Symbol.asyncDispose]: async () => {
      for (const memory of memories.values()) disconnect(memory);
      memories.clear();
      await Promise.all(ending);
    },
  };
}

function withoutCredentials(text: string): string {
  const url = URL.parse(text);
  if (!url) return text;
  url.username = '';
  url.password = '';
  return url.href;
}

/** Takes up the artifact that an earlier process stored, so that it is served before the remote answers. Never throws. */
export async function restoreArtifact(store: ArtifactStore, repository: GitRepository, log: Logger): Promise<void> {
  const revision = repository.status?.artifact?.revision ?? '';
  const commit = /sha1:([0-9a-f]{40})$/.exec(revision)?.[1];
  if (!commit) return;
  try {
    await store.restore(keyOf(repository), revision, commit);
  } catch (err) {
    log.warn({ kind: 'GitRepository', ...keyOf(repository), err }, 'a stored artifact cannot be read, fetching it again');
  }
}

const prefixesOf = (reference: GitReference | undefined): readonly string[] => {
  if (reference?.name) return [reference.name];
  if (reference?.semver) return ['refs/tags/'];
  if (reference?.tag) return [`refs/tags/${reference.tag}`];
  return [`refs/heads/${reference?.branch ?? 'master'}`];
};

/** Fields that change what is fetched and that this agent does not know. To ignore them would be to apply something else. */
function unsupportedOf(repository: GitRepository): { readonly reason: string; readonly message: string } | undefined {
  const { spec } = repository;
  if (spec?.url?.startsWith('ssh://')) {
    return { reason: 'URLInvalid', message: `spec.url ${spec.url}: ssh is not supported by this agent, use http or https` };
  }
  const fields = [
    ['verify', spec?.verify],
    ['include', spec?.include?.length ? spec.include : undefined],
    ['recurseSubmodules', spec?.recurseSubmodules || undefined],
    ['proxySecretRef', spec?.proxySecretRef],
    ['sparseCheckout', spec?.sparseCheckout?.length ? spec.sparseCheckout : undefined],
  ] as const;
  const names = fields.filter(([, value]) => value !== undefined).map(([name]) => `spec.${name}`);
  return names.length > 0 ? { reason: 'Unsupported', message: `${names.join(', ')} not supported by this agent, remove it` } : undefined;
}

function failureOf(error: unknown, timeoutMs: number | undefined): SourceOutcome & { readonly type: 'failed' } {
  const text = error instanceof Error ? error.message : String(error);
  if (timeoutMs !== undefined) {
    return { type: 'failed', condition: 'FetchFailed', reason: 'GitOperationFailed', message: `failed to checkout and determine revision: no answer within ${printDuration(timeoutMs)}` };
  }
  if (error instanceof AuthenticationFailed) return { type: 'failed', condition: 'FetchFailed', reason: 'AuthenticationFailed', message: text };
  if (error instanceof ArtifactTooLarge) return { type: 'failed', condition: 'StorageOperationFailed', reason: 'ArchiveOperationFailed', message: text };
  const message = text.startsWith('failed to') ? text : `failed to checkout and determine revision: ${text}`;
  return { type: 'failed', condition: 'FetchFailed', reason: 'GitOperationFailed', message };
}
