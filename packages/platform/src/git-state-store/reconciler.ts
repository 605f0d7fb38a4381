import { gitStateStores, type GitStateStore } from '@plinth/api';
import { deepEqual, type KubeObject } from '@plinth/apimachinery';
import { type Controller, done, patchStatus, runController } from '@plinth/controller-runtime';
import type { PlatformContext } from '../runtime/context.ts';
import { skipMissing } from '../runtime/skip-conflict.ts';
import { readCredentials, type StoreCredentials, StoreProblem } from './credentials.ts';
import type { StateStoreWriterFactory } from './open-writer.ts';
import { storeStatus } from './status.ts';

/**
 * Keeps a writer open for every GitStateStore and says whether it works, by probing it: when it is new or changed, when
 * a write to it failed, and with growing pauses while it does not work.
 */
export function runGitStateStoreController(context: PlatformContext, openWriter: StateStoreWriterFactory): Controller {
  const { informers, client, clock, stateStores, signal } = context;
  const recorder = context.recorder('GitStateStoreController');
  /** From what each open writer was made. */
  const opened = new Map<string, { readonly spec: GitStateStore['spec']; readonly credentials: StoreCredentials | undefined }>();

  const probe = async (store: GitStateStore): Promise<void> => {
    const { name } = store.metadata;
    const ref = { kind: 'GitStateStore', name };
    const credentials = await readCredentials(client, store);
    const before = opened.get(name);
    if (!before || !deepEqual(before, { spec: store.spec, credentials })) {
      await stateStores.delete(ref);
      opened.delete(name);
      await stateStores.set(ref, await failing('ErrorInitialisingWriter', () => openWriter(store, credentials, () => stateStores.moved(ref))));
      opened.set(name, { spec: store.spec, credentials });
    }
    await failing('ErrorValidatingPermissions', () => stateStores.get(ref)!.probe({ signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]) }));
  };

  const controller = runController({
    name: 'gitstatestore',
    signal,
    log: context.log,
    clock,
    retryBaseMs: 200,
    retryMaxMs: 15_000,
    sources: [{ informer: informers.gitStateStores, predicate: specChanged }],
    reconcile: (request) =>
      skipMissing(async () => {
        const store = informers.gitStateStores.get(request);
        if (!store || store.metadata.deletionTimestamp) {
          opened.delete(request.name);
          await stateStores.delete({ kind: 'GitStateStore', name: request.name });
          return done;
        }
        const problem = await problemOf(() => probe(store));
        if (signal.aborted) return done;
        const status = storeStatus(store, problem, clock.now());
        if (problem && store.status?.conditions?.find(({ type }) => type === 'Ready')?.message !== problem.message) {
          recorder.record(store, { type: 'Warning', reason: 'NotReady', message: `GitStateStore ${JSON.stringify(store.metadata.name)} is not ready: ${problem.message}` });
        } else if (!problem && store.status?.status !== 'Ready') {
          recorder.record(store, { type: 'Normal', reason: 'Ready', message: `GitStateStore ${JSON.stringify(store.metadata.name)} is ready` });
        }
        await patchStatus(client, gitStateStores, store, status);
        if (problem) throw problem;
        return done;
      }),
  });
  stateStores.onSuspect((ref) => {
    if (ref.kind === 'GitStateStore' && ref.name) controller.enqueue({ name: ref.name });
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

const specChanged = (store: KubeObject, previous: KubeObject | undefined): boolean =>
  !previous || store.metadata.generation !== previous.metadata.generation || store.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp;

const PROBE_TIMEOUT_MS = 30_000;
