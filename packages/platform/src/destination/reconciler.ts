import { destinations, workPlacements, type Destination } from '@plinth/api';
import { isConflict, isNotFound, type KubeObject, keyOf } from '@plinth/apimachinery';
import { addFinalizers, type Controller, done, dropFinalizers, patchStatus, type Request, runController } from '@plinth/controller-runtime';
import { canaryChange, StateStoreError } from '@plinth/state-store';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { BY_DESTINATION } from '../runtime/informers.ts';
import { skipMissing } from '../runtime/skip-conflict.ts';
import { findStore } from '../state-store/find-store.ts';
import type { StateStore } from '../state-store/secret.ts';
import type { StateStoreRef } from '../state-store/state-stores.ts';
import { layoutOf } from '../work-placement/apply.ts';
import { type DestinationSnapshot, planDestination } from './plan.ts';
import { type DestinationOutcome, destinationStatus } from './status.ts';

/** Says of each Destination whether its place in the state store can be written, by writing two small objects there. */
export function runDestinationController(context: PlatformContext): Controller {
  const { informers, client, clock, stateStores, signal } = context;
  const recorder = context.recorder('DestinationController');

  const observe = (request: Request): DestinationSnapshot | undefined => {
    const destination = informers.destinations.get(request);
    if (!destination) return undefined;
    const ref = destination.spec?.stateStoreRef;
    return {
      destination,
      store: findStore(informers, ref),
      hasWriter: ref !== undefined && stateStores.get(ref) !== undefined,
      placements: informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name),
    };
  };
  const onStore = ({ kind, name }: StateStoreRef): readonly Request[] =>
    informers.destinations.list().filter(({ spec }) => spec?.stateStoreRef?.kind === kind && spec?.stateStoreRef?.name === name).map(keyOf);
  const report = async (destination: Destination, outcome: DestinationOutcome): Promise<void> => {
    const before = findCondition(destination.status?.conditions, 'Ready');
    if (outcome.type === 'ready' && before?.status !== 'True') recorder.record(destination, { type: 'Normal', reason: 'DestinationReady', message: 'Destination is Ready' });
    // That a store is still to be looked at for the first time is nothing to warn of.
    if (outcome.type === 'notReady' && before?.message !== outcome.message && (before || outcome.reason !== 'StateStoreNotReady')) recorder.record(destination, { type: 'Warning', reason: 'DestinationNotReady', message: outcome.message });
    await patchStatus(client, destinations, destination, destinationStatus(destination, outcome, clock.now()));
  };
  /** Undefined when it worked. */
  const writeCanaries = async (destination: Destination, enabled: boolean): Promise<StateStoreError | undefined> => {
    const ref = destination.spec!.stateStoreRef!;
    try {
      const outcome = await stateStores.get(ref)!.write(canaryChange(layoutOf(destination), enabled), { signal });
      if (outcome.outcome !== 'failed') return undefined;
      if (outcome.error.shouldRetry()) stateStores.suspect(ref);
      return outcome.error;
    } catch (error) {
      // A path that cannot be, found before anything was written.
      if (error instanceof StateStoreError) return error;
      throw error;
    }
  };

  const controller = runController({
    name: 'destination',
    signal,
    log: context.log,
    clock,
    retryBaseMs: 200,
    retryMaxMs: 15_000,
    sources: [
      { informer: informers.destinations, predicate: (object, previous) => !previous || needsLook(object) !== needsLook(previous) },
      { informer: informers.gitStateStores, map: (store) => onStore({ kind: 'GitStateStore', name: store.metadata.name }), predicate: readinessChanged },
      { informer: informers.bucketStateStores, map: (store) => onStore({ kind: 'BucketStateStore', name: store.metadata.name }), predicate: readinessChanged },
      { informer: informers.workPlacements, map: (placement) => deletingDestination(context, placement), predicate: (object, previous) => !previous || object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp },
    ],
    reconcile: (request) =>
      skipMissing(async () => {
        const snapshot = observe(request);
        if (!snapshot) return done;
        const { destination } = snapshot;
        const plan = planDestination(snapshot);
        switch (plan.type) {
          case 'none':
            return done;
          case 'setFinalizer':
            try {
              await (plan.present ? addFinalizers : dropFinalizers)(client, destinations, destination, [FINALIZERS.destination]);
            } catch (error) {
              if (!isConflict(error) && !isNotFound(error)) await report(destination, { type: 'notReady', reason: 'DestinationFinalizerUpdateFailed', message: `cannot ${plan.present ? 'add' : 'remove'} the finalizer ${FINALIZERS.destination}: ${(error as Error).message}` });
              throw error;
            }
            return done;
          case 'deletePlacements':
            if (plan.abandoned) {
              const { kind, name } = destination.spec!.stateStoreRef!;
              recorder.record(destination, { type: 'Warning', reason: 'FilesLeftBehind', message: `${kind}/${name} is gone: the files of ${plan.placements.length} placements below ${JSON.stringify(destination.spec?.path ?? '')} cannot be removed from it and stay where they are` });
            }
            await Promise.all(plan.placements.map((placement) => ensureDeleted(client, workPlacements, placement)));
            return done;
          case 'removeCanaries': {
            const error = await writeCanaries(destination, false);
            if (error?.shouldRetry()) throw error;
            await dropFinalizers(client, destinations, destination, [FINALIZERS.destination]);
            return done;
          }
          case 'notReady':
            await report(destination, plan);
            return done;
          case 'writeCanaries': {
            const error = await writeCanaries(destination, plan.enabled);
            if (signal.aborted) return done;
            await report(destination, error ? { type: 'notReady', reason: 'StateStoreWriteFailed', message: error.message } : { type: 'ready', withCanaries: plan.enabled });
            if (error?.shouldRetry()) throw error;
            return done;
          }
          default:
            return plan satisfies never;
        }
      }),
  });
  stateStores.onUnknown((ref) => {
    for (const request of onStore(ref)) controller.enqueue(request);
  });
  return controller;
}

/** A Destination that waits for its placements to go looks again when one has. */
function deletingDestination({ informers }: PlatformContext, placement: KubeObject): readonly Request[] {
  const name = (placement as { readonly spec?: { readonly targetDestinationName?: string } }).spec?.targetDestinationName ?? '';
  return informers.destinations.get({ name })?.metadata.deletionTimestamp ? [{ name }] : [];
}

const needsLook = ({ metadata }: KubeObject): string => JSON.stringify([metadata.generation, metadata.deletionTimestamp, metadata.finalizers]);

const readinessChanged = (store: KubeObject, previous: KubeObject | undefined): boolean => !previous || readiness(store) !== readiness(previous);

const readiness = (store: KubeObject): string => findCondition((store as StateStore).status?.conditions, 'Ready')?.status ?? '';
