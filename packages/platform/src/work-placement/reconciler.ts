import { workPlacements, type GitStateStore, type WorkPlacement } from '@plinth/api';
import { type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import { type Controller, done, patchStatus, type Request, type Result, retryAfter, runController } from '@plinth/controller-runtime';
import { StateStoreError, type WriteOutcome } from '@plinth/state-store';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_DESTINATION } from '../runtime/informers.ts';
import { skipMissing } from '../runtime/skip-conflict.ts';
import { writePlacement } from './apply.ts';
import { holdsFinalizer, isWritten, type PlacementSnapshot, planPlacement } from './plan.ts';
import { type PlacementOutcome, placementStatus } from './status.ts';

/**
 * Brings placements into their state stores. Each waits for its own write, hundreds at once, so that the writer of the
 * store finds many that are ready and makes one commit of them.
 */
export function runWorkPlacementController(context: PlatformContext): Controller {
  const { informers, client, clock, stateStores, config, signal } = context;
  const recorder = context.recorder('WorkPlacementController');
  /** When a placement was last compared with its store, as far as this process knows; absent: it is to be. */
  const comparedAt = new Map<string, number>();

  const observe = (request: Request): (PlacementSnapshot & { readonly key: string }) | undefined => {
    const placement = informers.workPlacements.get(request);
    const key = keyString(request);
    if (!placement) {
      comparedAt.delete(key);
      return undefined;
    }
    const destination = informers.destinations.get({ name: placement.spec?.targetDestinationName ?? '' });
    const ref = destination?.spec?.stateStoreRef;
    const store = ref?.kind === 'GitStateStore' ? informers.gitStateStores.get({ name: ref.name }) : undefined;
    const interval = config.stateStoreReconciliationIntervalMs;
    const before = comparedAt.get(key);
    const isDue = before === undefined || (interval > 0 && clock.now() - before >= interval);
    return { key, placement, destination, store, hasWriter: ref !== undefined && stateStores.get(ref) !== undefined, isDue };
  };
  const report = async (placement: WorkPlacement, outcome: PlacementOutcome): Promise<void> => {
    await patchStatus(client, workPlacements, placement, placementStatus(placement, outcome, clock.now()));
  };
  const letGo = async ({ metadata }: WorkPlacement): Promise<void> => {
    const finalizers = (metadata.finalizers ?? []).filter((name) => name !== FINALIZERS.workPlacement && name !== FINALIZERS.workPlacementIndex);
    await client.patch(workPlacements, keyOf({ metadata } as KubeObject), 'merge', { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, finalizers } });
  };
  const again = (): Result => (config.stateStoreReconciliationIntervalMs > 0 ? retryAfter(config.stateStoreReconciliationIntervalMs) : done);

  const write = async (snapshot: PlacementSnapshot & { readonly key: string }, action: 'write' | 'remove'): Promise<Result> => {
    const { placement, key } = snapshot;
    const destination = snapshot.destination!;
    const ref = destination.spec!.stateStoreRef!;
    const writer = stateStores.get(ref)!;
    const outcome = await attempt(() => writePlacement(writer, action, placement, destination, informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name), signal));
    switch (outcome.outcome) {
      case 'failed':
        if (signal.aborted) return done;
        // The store itself is asked whether it is well; its answer stands in its own condition.
        if (outcome.error.shouldRetry()) stateStores.suspect(ref);
        recorder.record(placement, {
          type: 'Warning',
          reason: action === 'write' ? 'FailedWriteToDestination' : 'FailedDeleteFilesFromRepository',
          message: `failed to ${action} the files of ${placement.metadata.name} in ${ref.kind} ${ref.name}: ${outcome.error.message}`,
        });
        await report(placement, { type: 'failed', message: outcome.error.message });
        if (outcome.error.shouldRetry()) throw outcome.error;
        return done;
      case 'written':
      case 'unchanged':
        comparedAt.set(key, clock.now());
        if (action === 'remove') {
          await letGo(placement);
          return done;
        }
        context.applied.proved(placement, outcome.versionId);
        await report(placement, { type: 'written', versionId: outcome.outcome === 'written' || !placement.status?.versionID ? outcome.versionId : undefined });
        if (outcome.outcome === 'written') recorder.record(placement, { type: 'Normal', reason: 'WorkloadsWrittenToStateStore', message: `written to ${ref.kind} ${ref.name} as ${outcome.versionId}` });
        return again();
      default:
        return outcome satisfies never;
    }
  };

  const controller = runController({
    name: 'workplacement',
    signal,
    log: context.log,
    clock,
    concurrency: config.placementConcurrency,
    retryBaseMs: 100,
    sources: [
      { informer: informers.workPlacements, predicate: (object, previous) => !previous || needsLook(object as WorkPlacement, previous as WorkPlacement) },
      { informer: informers.destinations, map: (destination) => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name).map(keyOf), predicate: (object, previous) => !previous || object.metadata.generation !== previous.metadata.generation },
      { informer: informers.gitStateStores, map: (store) => placementsOf(context, store.metadata.name).map(keyOf), predicate: (object, previous) => readiness(object) !== readiness(previous) },
    ],
    reconcile: (request) =>
      skipMissing(async () => {
        const snapshot = observe(request);
        if (!snapshot) return done;
        const plan = planPlacement(snapshot);
        switch (plan.type) {
          case 'none':
            // It may have become misplaced, or matching again.
            if (isWritten(snapshot.placement)) await report(snapshot.placement, { type: 'written', versionId: undefined });
            return again();
          case 'release':
            await letGo(snapshot.placement);
            return done;
          case 'wait':
            await report(snapshot.placement, plan.problem ? { type: 'failed', message: plan.problem } : { type: 'pending' });
            return done;
          case 'write':
          case 'remove':
            return write(snapshot, plan.type);
          default:
            return plan satisfies never;
        }
      }),
  });
  stateStores.onUnknown((ref) => {
    for (const placement of placementsOf(context, ref.name ?? '')) {
      comparedAt.delete(keyString(keyOf(placement)));
      controller.enqueue(keyOf(placement));
    }
  });
  return controller;
}

/** A content that cannot be laid out throws before anything is written: it is the change's own fault. */
async function attempt(write: () => Promise<WriteOutcome>): Promise<WriteOutcome> {
  try {
    return await write();
  } catch (error) {
    return { outcome: 'failed', error: error instanceof StateStoreError ? error : new StateStoreError('failed', (error as Error).message, { cause: error }) };
  }
}

/** Our own status writes are no reason to look again. */
function needsLook(placement: WorkPlacement, previous: WorkPlacement): boolean {
  return (
    placement.metadata.generation !== previous.metadata.generation ||
    placement.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    isMarked(placement, LABELS.misplaced) !== isMarked(previous, LABELS.misplaced) ||
    holdsFinalizer(placement) !== holdsFinalizer(previous)
  );
}

function placementsOf({ informers }: PlatformContext, storeName: string): readonly WorkPlacement[] {
  return informers.destinations
    .list()
    .filter((destination) => destination.spec?.stateStoreRef?.kind === 'GitStateStore' && destination.spec.stateStoreRef.name === storeName)
    .flatMap((destination) => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name));
}

const readiness = (store: KubeObject | undefined): string => {
  const condition = findCondition((store as GitStateStore | undefined)?.status?.conditions, 'Ready');
  return `${condition?.status ?? ''} ${condition?.message ?? ''}`;
};
