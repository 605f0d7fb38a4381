import { bucketStateStores, gitStateStores, secrets, type Secret } from '@plinth/api';
import { deepEqual, type KubeObject, keyString } from '@plinth/apimachinery';
import { type Controller, done, type Informer, patchStatus, retryAfter, runController } from '@plinth/controller-runtime';
import { StateStoreError } from '@plinth/state-store';
import type { PlatformContext } from '../runtime/context.ts';
import { skipMissing } from '../runtime/skip-conflict.ts';
import type { StateStoreWriterFactory } from './open-writer.ts';
import { readSecret, secretOf, type StateStore, storeSecret } from './secret.ts';
import { storeStatus } from './status.ts';
import { StoreProblem } from './store-problem.ts';

/**
 * Keeps a writer open for every state store of one kind and says whether it works, by probing it: when it is new or
 * changed, when its Secret changes, when a write to it failed, with growing pauses while it does not work, and now and then while it does.
 */
export function runStateStoreController(context: PlatformContext, kind: 'GitStateStore' | 'BucketStateStore', openWriter: StateStoreWriterFactory): Controller {
  const { informers, client, cache, clock, stateStores, signal } = context;
  const [resource, stores] = kind === 'GitStateStore' ? [gitStateStores, informers.gitStateStores as Informer<StateStore>] : [bucketStateStores, informers.bucketStateStores as Informer<StateStore>];
  const recorder = context.recorder(`${kind}Controller`);
  /** From what each open writer was made. */
  const opened = new Map<string, { readonly spec: StateStore['spec']; readonly secret: string | undefined }>();
  /** The Secrets that are followed. */
  const followed = new Set<string>();
  /** Which version of its Secret each store has read last: stores that share one do not read it together. */
  const read = new Map<string, string>();

  const follow = (store: StateStore): void => {
    const key = secretOf(store);
    if (!key || followed.has(keyString(key))) return;
    followed.add(keyString(key));
    /** `version` absent: it is gone. */
    const changed = (version?: string): void => {
      const readers = stores.list().filter((other) => keyString(secretOf(other) ?? { name: '' }) === keyString(key));
      for (const { metadata } of readers) if (version === undefined || read.get(metadata.name) !== version) controller.enqueue({ name: metadata.name });
    };
    const seen = (secret: Secret): void => changed(storeSecret(secret).version);
    cache.informer<Secret>(secrets, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` }).subscribe({ added: seen, updated: seen, deleted: () => changed() });
  };

  const probe = async (store: StateStore): Promise<void> => {
    const { name } = store.metadata;
    const ref = { kind, name };
    follow(store);
    const secret = await readSecret(client, store);
    if (secret) read.set(name, secret.version);
    const source = { spec: store.spec, secret: secret?.version };
    if (!deepEqual(opened.get(name), source)) {
      await close(name);
      await stateStores.set(ref, await failing('ErrorInitialisingWriter', () => openWriter(store, secret, () => stateStores.moved(ref))));
      opened.set(name, source);
    }
    await failing('ErrorValidatingPermissions', () => stateStores.get(ref)!.probe({ signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]) }));
  };
  const close = async (name: string): Promise<void> => {
    opened.delete(name);
    await stateStores.delete({ kind, name });
  };

  const controller = runController({
    name: kind.toLowerCase(),
    signal,
    log: context.log,
    clock,
    retryBaseMs: 200,
    retryMaxMs: RETRY_MAX_MS,
    sources: [{ informer: stores, predicate: specChanged }],
    reconcile: (request) =>
      skipMissing(async () => {
        const store = stores.get(request);
        if (!store || store.metadata.deletionTimestamp) {
          read.delete(request.name);
          await close(request.name);
          return done;
        }
        const problem = await problemOf(() => probe(store));
        if (signal.aborted) return done;
        // Credentials that were taken away are not used any longer.
        if (problem?.reason === 'SecretNotFound') await close(request.name);
        const status = storeStatus(store, problem, clock.now());
        if (problem && store.status?.conditions?.find(({ type }) => type === 'Ready')?.message !== problem.message) {
          recorder.record(store, { type: 'Warning', reason: 'NotReady', message: `${kind} ${JSON.stringify(store.metadata.name)} is not ready: ${problem.message}` });
        } else if (!problem && store.status?.status !== 'Ready') {
          recorder.record(store, { type: 'Normal', reason: 'Ready', message: `${kind} ${JSON.stringify(store.metadata.name)} is ready` });
        }
        await patchStatus(client, resource, store, status);
        // A Secret tells when it comes.
        if (problem?.reason === 'SecretNotFound') return done;
        // So does a change of the credentials; a server that is asked too often with wrong ones may close its door.
        if (problem && isRefusal(problem.cause)) return retryAfter(REFUSED_RETRY_MS);
        if (problem) throw problem;
        return retryAfter(PROBE_INTERVAL_MS);
      }),
  });
  stateStores.onSuspect((ref) => {
    if (ref.kind === kind && ref.name) controller.enqueue({ name: ref.name });
  });
  return controller;
}

async function problemOf(probe: () => Promise<void>): Promise<StoreProblem | undefined> {
  try {
    await probe();
    return undefined;
  } catch (error) {
    return error instanceof StoreProblem ? error : new StoreProblem('StateStoreError', (error as Error).message, { cause: error });
  }
}

async function failing<T>(reason: StoreProblem['reason'], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StoreProblem) throw error;
    const prefix = reason === 'ErrorValidatingPermissions' ? 'Error validating state store permissions: ' : '';
    throw new StoreProblem(reason, `${prefix}${(error as Error).message}`, { cause: error });
  }
}

const isRefusal = (cause: unknown): boolean => cause instanceof StateStoreError && cause.reason === 'unauthorized';

const specChanged = (store: KubeObject, previous: KubeObject | undefined): boolean =>
  !previous || store.metadata.generation !== previous.metadata.generation || store.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp;

const PROBE_TIMEOUT_MS = 30_000;

/** A store that is back is noticed within this time. */
const RETRY_MAX_MS = 5_000;

/** Permissions can be granted on the server's side, where nobody tells. */
const REFUSED_RETRY_MS = 30_000;

/** A store that works is looked at again after this time, though nobody writes to it: it may have gone, or been changed by others. */
const PROBE_INTERVAL_MS = 10 * 60_000;
