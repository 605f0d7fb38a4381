import { buckets, type Bucket } from '@plinth/api';
import { keyOf, keyString, timeText, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { done, patchStatus, retryAfter, withFinalizer, type Clock, type EventRecorder, type Informer, type Logger, type Result } from '@plinth/controller-runtime';
import { GitFormatError, GitRepositoryError } from '@plinth/git';
import { parseDuration, printDuration } from '../../duration.ts';
import { FINALIZER, REQUESTED_AT, SOURCE_STATUS_MANAGER } from '../../names.ts';
import { artifactPath, type ArtifactStore } from '../artifact-store.ts';
import { ArtifactTooLarge } from '../measure-folder.ts';
import { reportFailure } from '../report-failure.ts';
import { retryDelay } from '../retry-delay.ts';
import { sourceStatus, type SourceOutcome } from '../status.ts';
import { BucketError, type OpenBucket, type RemoteBucket } from './bucket-remotes.ts';
import { emptyBucketMemory, fetchBucket, type BucketMemory } from './fetch-bucket.ts';
import { commitOf } from './pack-content.ts';
import { readBucketAddress } from './read-bucket-address.ts';
import { readIndex } from './read-index.ts';

export interface BucketReconcilerOptions {
  /** Writes through the informers. */
  readonly client: Client;
  readonly buckets: Informer<Bucket>;
  readonly store: ArtifactStore;
  readonly openBucket: OpenBucket;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface BucketReconciler extends Disposable {
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<Result>;
}

/** What is remembered of one bucket between runs; all of it can be lost. */
interface Memory {
  content: BucketMemory;
  connection: { readonly to: string; readonly remote: RemoteBucket } | undefined;
  nextPollAt: number;
  failures: number;
  generation: number;
}

/**
 * Keeps the artifact of every Bucket at what the bucket holds. An object store tells nobody what changes, so it is listed
 * every `interval` and when somebody asks; only objects that changed are downloaded. A bucket that cannot be read keeps the
 * last artifact.
 */
export function createBucketReconciler(options: BucketReconcilerOptions): BucketReconciler {
  const { client, store, openBucket, events, clock, log } = options;
  const memories = new Map<string, Memory>();

  const forget = (key: ObjectKey): void => {
    memories.get(keyString(key))?.connection?.remote[Symbol.dispose]();
    memories.delete(keyString(key));
  };

  async function connect(bucket: Bucket, memory: Memory): Promise<RemoteBucket> {
    const address = await readBucketAddress(client, bucket);
    const to = JSON.stringify(address);
    if (memory.connection?.to === to) return memory.connection.remote;
    memory.connection?.remote[Symbol.dispose]();
    memory.connection = undefined;
    const remote = await openBucket(address);
    memory.connection = { to, remote };
    return remote;
  }

  async function update(bucket: Bucket, memory: Memory, signal: AbortSignal): Promise<SourceOutcome> {
    const key = keyOf(bucket);
    const { spec } = bucket;
    const remote = await connect(bucket, memory);
    const fetched = await fetchBucket(remote, () => readIndex(remote, { prefix: spec?.prefix, ignore: spec?.ignore }, signal), store.get(key), memory.content, signal);
    const stored = store.get(key);
    if (!fetched && stored && bucket.status?.artifact?.revision === stored.revision) return { type: 'unchanged' };
    const artifact = fetched ? await store.publish(key, fetched.revision, fetched.commit, fetched.pack) : stored!;
    if (fetched) {
      memory.content = fetched.memory;
      events.record(bucket, { type: 'Normal', reason: 'NewArtifact', message: `stored artifact with ${fetched.memory.files.size} fetched files from '${spec?.bucketName ?? ''}' bucket` });
      if (fetched.leftOut.length > 0) {
        const names = fetched.leftOut.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 200)));
        events.record(bucket, { type: 'Warning', reason: 'KeysLeftOut', message: `left out ${fetched.leftOut.length} objects whose keys cannot be paths of files: ${names.join(', ')}` });
      }
    }
    return {
      type: 'stored',
      artifact: {
        path: artifactPath(key, 'bucket'),
        url: `s3+${spec?.insecure ? 'http' : 'https'}://${spec?.endpoint ?? ''}/${spec?.bucketName ?? ''}`,
        revision: artifact.revision,
        digest: `sha1:${artifact.root}`,
        ...('size' in artifact ? { size: artifact.size as number } : {}),
        lastUpdateTime: timeText(clock.now()),
      },
    };
  }

  /** What is stored can be lost: when it is damaged it is dropped and fetched anew. */
  async function updateOrRepair(bucket: Bucket, memory: Memory, signal: AbortSignal): Promise<SourceOutcome> {
    try {
      return await update(bucket, memory, signal);
    } catch (err) {
      if (!(err instanceof GitRepositoryError || err instanceof GitFormatError)) throw err;
      log.warn({ kind: 'Bucket', ...keyOf(bucket), err }, 'a stored artifact is damaged, fetching it anew');
      await store.remove(keyOf(bucket));
      memory.content = emptyBucketMemory;
      return update(bucket, memory, signal);
    }
  }

  async function poll(bucket: Bucket, memory: Memory, signal: AbortSignal): Promise<Result> {
    const { spec, metadata } = bucket;
    const intervalMs = parseDuration(spec?.interval, 60_000);
    const timeoutMs = parseDuration(spec?.timeout, 60_000);
    const requestedAt = metadata.annotations?.[REQUESTED_AT];
    memory.generation = metadata.generation ?? 0;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let outcome: SourceOutcome;
    const unsupported = unsupportedOf(bucket);
    if (unsupported) outcome = { type: 'stalled', reason: 'Unsupported', message: unsupported };
    else {
      try {
        outcome = await updateOrRepair(bucket, memory, deadline);
      } catch (err) {
        if (signal.aborted) throw err;
        outcome = failureOf(err, spec?.bucketName ?? '', deadline.aborted ? timeoutMs : undefined);
      }
    }
    const failed = outcome.type === 'failed';
    memory.failures = failed ? memory.failures + 1 : 0;
    const now = clock.now();
    // The schedule stands before the status is written: the write must not count as a reason for another look.
    memory.nextPollAt = now + (failed ? retryDelay(memory.failures, intervalMs) : intervalMs);
    reportFailure(bucket, outcome, { events, log });
    await patchStatus(client, buckets, bucket, sourceStatus(bucket, outcome, requestedAt, new Date(now)), { fieldManager: SOURCE_STATUS_MANAGER });
    return retryAfter(memory.nextPollAt - now);
  }

  async function apply(bucket: Bucket, signal: AbortSignal): Promise<Result> {
    const id = keyString(keyOf(bucket));
    let memory = memories.get(id);
    if (!memory) {
      memories.set(id, (memory = { content: emptyBucketMemory, connection: undefined, nextPollAt: 0, failures: 0, generation: 0 }));
      if (!store.get(keyOf(bucket))) await restoreBucket(store, bucket, log);
    }
    if (bucket.spec?.suspend) {
      memory.nextPollAt = 0;
      return done;
    }
    const requestedAt = bucket.metadata.annotations?.[REQUESTED_AT];
    const isAsked = requestedAt !== undefined && requestedAt !== bucket.status?.lastHandledReconcileAt;
    const restMs = memory.nextPollAt - clock.now();
    if (isAsked || memory.generation !== (bucket.metadata.generation ?? 0) || restMs <= 0) return poll(bucket, memory, signal);
    return retryAfter(restMs);
  }

  return {
    reconcile: async (key, signal) => {
      const bucket = options.buckets.get(key);
      if (!bucket) {
        forget(key);
        return done;
      }
      return withFinalizer(client, buckets, bucket, FINALIZER, {
        apply: (held) => apply(held, signal),
        cleanup: async () => {
          forget(key);
          await store.remove(key);
          return done;
        },
      });
    },
    [Symbol.dispose]: () => {
      for (const { connection } of memories.values()) connection?.remote[Symbol.dispose]();
      memories.clear();
    },
  };
}

/** Takes up the artifact that an earlier process stored, so that it is served before the server answers. Never throws. */
export async function restoreBucket(store: ArtifactStore, bucket: Bucket, log: Logger): Promise<void> {
  const { revision, digest } = bucket.status?.artifact ?? {};
  const root = /^sha1:([0-9a-f]{40})$/.exec(digest ?? '')?.[1];
  if (!revision || !root) return;
  try {
    await store.restore(keyOf(bucket), revision, commitOf(root, revision));
  } catch (err) {
    log.warn({ kind: 'Bucket', ...keyOf(bucket), err }, 'a stored artifact cannot be read, fetching it again');
  }
}

/** Fields that change what is fetched, or as whom, and that this agent does not know. */
function unsupportedOf({ spec }: Bucket): string | undefined {
  const used = [
    spec?.provider === 'gcp' || spec?.provider === 'azure' ? `provider ${spec.provider}` : undefined,
    spec?.sts ? 'sts' : undefined,
    spec?.proxySecretRef ? 'proxySecretRef' : undefined,
    spec?.serviceAccountName ? 'serviceAccountName' : undefined,
  ].filter((field) => field !== undefined);
  return used.length > 0 ? `spec.${used.join(', spec.')} not supported by this agent, remove it` : undefined;
}

function failureOf(error: unknown, bucket: string, timeoutMs: number | undefined): SourceOutcome & { readonly type: 'failed' } {
  const as = (reason: string, message: string, condition: 'FetchFailed' | 'StorageOperationFailed' = 'FetchFailed') => ({ type: 'failed', condition, reason, message }) as const;
  const text = error instanceof Error ? error.message : String(error);
  if (timeoutMs !== undefined) return as('BucketOperationFailed', `fetch from bucket '${bucket}' failed: no answer within ${printDuration(timeoutMs)}`);
  if (error instanceof BucketError) return as(error.reason, text);
  if (error instanceof ArtifactTooLarge) return as('ArchiveOperationFailed', text, 'StorageOperationFailed');
  return as('BucketOperationFailed', `fetch from bucket '${bucket}' failed: ${text}`);
}
