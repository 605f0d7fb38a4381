import { workPlacements, type Destination, type WorkPlacement } from '@plinth/api';
import { deepEqual, type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import { type Controller, done, dropFinalizers, patchStatus, type Request, type Result, retryAfter, runController } from '@plinth/controller-runtime';
import { StateStoreError, type WriteOutcome } from '@plinth/state-store';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_DESTINATION, BY_RECORD, recordKey } from '../runtime/informers.ts';
import { spanPrefix, traced } from '../telemetry/telemetry.ts';
import { skipMissing } from '../runtime/skip-conflict.ts';
import { findStore } from '../state-store/find-store.ts';
import type { StateStore } from '../state-store/secret.ts';
import type { StateStoreRef } from '../state-store/state-stores.ts';
import { AggregateWrites } from './aggregate-writes.ts';
import { changeFor } from './apply.ts';
import { holdsFinalizer, isWritten, type PlacementSnapshot, planPlacement } from './plan.ts';
import { type PlacementOutcome, placementStatus } from './status.ts';

/**
 * Brings placements into their state stores. Each waits for its own write, hundreds at once, so that the writer of the
 * store finds many that are ready and makes one commit of them.
 */
export function runWorkPlacementController(context: PlatformContext): Controller {
  const { informers, client, clock, stateStores, config, signal } = context;
  const recorder = context.recorder('WorkPlacementController');
  /**
   * The last look at what stands in the store for each placement. Absent, or without an end: there is to be one. A look that was
   * forgotten while it was under way counts for nothing, for it began before its place changed.
   */
  const looks = new Map<string, { at?: number }>();
  const aggregates = new AggregateWrites();
  /** Who has a record, by uid: from the decision on, and not only when its status says that it is written. */
  const holders = new Map<string, string>();
  /** Placements that were refused, by what they wait for: another write to their store, or to their Destination. */
  const refused = createWaitingRoom((request) => controller.enqueue(request));

  const observe = (request: Request): (PlacementSnapshot & { readonly key: string }) | undefined => {
    const placement = informers.workPlacements.get(request);
    const key = keyString(request);
    if (!placement) {
      looks.delete(key);
      return undefined;
    }
    const destination = informers.destinations.get({ name: placement.spec?.targetDestinationName ?? '' });
    const ref = destination?.spec?.stateStoreRef;
    const store = findStore(informers, ref);
    const interval = config.stateStoreReconciliationIntervalMs;
    const before = looks.get(key)?.at;
    const isDue = before === undefined || (interval > 0 && clock.now() - before >= interval);
    return { key, placement, destination, store, hasWriter: ref !== undefined && stateStores.get(ref) !== undefined, isDue };
  };
  const report = async (placement: WorkPlacement, outcome: PlacementOutcome): Promise<void> => {
    await patchStatus(client, workPlacements, placement, placementStatus(placement, outcome, clock.now()));
  };
  const letGo = (placement: WorkPlacement): Promise<unknown> => dropFinalizers(client, workPlacements, placement, [FINALIZERS.workPlacement, FINALIZERS.workPlacementIndex]);
  const again = (): Result => (config.stateStoreReconciliationIntervalMs > 0 ? retryAfter(config.stateStoreReconciliationIntervalMs) : done);

  const holderOf = (record: string): WorkPlacement => {
    const rivals = informers.workPlacements.byIndex(BY_RECORD, record);
    const holder = rivals.find(({ metadata }) => metadata.uid === holders.get(record)) ?? recordOwner(rivals);
    holders.set(record, holder.metadata.uid ?? '');
    return holder;
  };

  const write = async (snapshot: PlacementSnapshot & { readonly key: string }, action: 'write' | 'remove'): Promise<Result> => {
    const { placement, key } = snapshot;
    const destination = snapshot.destination!;
    const ref = destination.spec!.stateStoreRef!;
    const writer = stateStores.get(ref)!;
    const owner = destination.spec?.filepath?.mode === 'none' ? holderOf(recordKey(placement)) : placement;
    const isOwner = owner.metadata.uid === placement.metadata.uid;
    // It has nothing there, or what it has is another one's by now.
    if (action === 'remove' && (!isOwner || hasHeir(placement, destination, () => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name)))) {
      await letGo(placement);
      return done;
    }
    const look: { at?: number } = {};
    looks.set(key, look);
    const outcome = await attempt(() => {
      if (!isOwner) throw new StateStoreError('conflict', `cannot write its files: ${owner.metadata.namespace}/${owner.metadata.name} has the same record in .kratix, and was there first`, { hint: 'give one of the two Works another name, or use filepath.mode nestedByMetadata' });
      return destination.spec?.filepath?.mode === 'aggregatedYAML'
        ? aggregates.write(writer, placement, destination, () => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name), signal)
        : writer.write(changeFor(action, placement, destination), { signal });
    });
    switch (outcome.outcome) {
      case 'failed':
        if (signal.aborted) return done;
        // Its writer was closed because the store or its Secret changed; the next one is on its way.
        if (outcome.error.reason === 'aborted') throw outcome.error;
        if (action === 'write') context.telemetry.placementWritten(writeAttributes(placement, 'failure'));
        // The store itself is asked whether it is well; its answer stands in its own condition.
        if (outcome.error.shouldRetry()) {
          stateStores.suspect(ref);
          refused.add(storeKey(ref), placement);
        } else if (outcome.error.reason === 'conflict') refused.add(destination.metadata.name, placement);
        if (findCondition(placement.status?.conditions, 'WriteSucceeded')?.message !== outcome.error.message) {
          recorder.record(placement, {
            type: 'Warning',
            reason: action === 'write' ? 'FailedWriteToDestination' : 'FailedDeleteFilesFromRepository',
            message: `failed to ${action} the files of ${placement.metadata.name} in ${ref.kind} ${ref.name}: ${outcome.error.message}`,
          });
        }
        await report(placement, { type: 'failed', message: outcome.error.message, cause: outcome.error.reason });
        if (outcome.error.shouldRetry()) throw outcome.error;
        return done;
      case 'written':
      case 'unchanged':
        look.at = clock.now();
        if (outcome.outcome === 'written') {
          refused.call(storeKey(ref));
          refused.call(destination.metadata.name);
        }
        if (action === 'remove') {
          await letGo(placement);
          return done;
        }
        context.telemetry.placementWritten(writeAttributes(placement, 'success'));
        context.applied.proved(placement, outcome.heldAt ?? outcome.versionId);
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
    retryMaxMs: 15_000,
    sources: [
      { informer: informers.workPlacements, predicate: (object, previous) => !previous || needsLook(object as WorkPlacement, previous as WorkPlacement) },
      { informer: informers.destinations, map: (destination) => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name).map(keyOf), predicate: (object, previous) => !previous || object.metadata.generation !== previous.metadata.generation },
      { informer: informers.gitStateStores, map: (store) => placementsOf(context, { kind: 'GitStateStore', name: store.metadata.name }).map(keyOf), predicate: readinessChanged },
      { informer: informers.bucketStateStores, map: (store) => placementsOf(context, { kind: 'BucketStateStore', name: store.metadata.name }).map(keyOf), predicate: readinessChanged },
    ],
    reconcile: traced(context.telemetry, (request) => spanOf(informers.workPlacements.get(request)), (request) =>
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
            recorder.record(snapshot.placement, { type: 'Warning', reason: 'FilesLeftBehind', message: `${plan.reason}: what was written for this placement stays in its state store` });
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
    ),
  });
  // Other places to write to; what stands at the old ones is not known to be ours alone, and stays.
  informers.destinations.subscribe({
    updated: (destination, previous) => {
      if (deepEqual(placeOf(destination), placeOf(previous))) return;
      for (const placement of informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name)) {
        looks.delete(keyString(keyOf(placement)));
        controller.enqueue(keyOf(placement));
      }
    },
  });
  // Whoever had the same record can have it now.
  informers.workPlacements.subscribe({
    deleted: (placement) => {
      const record = recordKey(placement);
      if (holders.get(record) === placement.metadata.uid) holders.delete(record);
      refused.call(placement.spec?.targetDestinationName ?? '');
    },
  });
  stateStores.onUnknown((ref) => {
    // Who stands in the store comes before who was refused, so that each keeps its place when all is written anew.
    for (const placement of placementsOf(context, ref).toSorted((left, right) => Number(isWritten(right)) - Number(isWritten(left)))) {
      looks.delete(keyString(keyOf(placement)));
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

/**
 * Whether another placement has the folder of this one. Only those of a Promise can: their folder does not say in which namespace
 * the pipeline ran, so a Promise whose `pipelineNamespace` changes writes it anew before the old placement goes.
 */
function hasHeir({ metadata, spec }: WorkPlacement, destination: Destination, neighbours: () => readonly WorkPlacement[]): boolean {
  const hasFolder = (destination.spec?.filepath?.mode ?? 'nestedByMetadata') === 'nestedByMetadata';
  if (!hasFolder || spec?.resourceName) return false;
  const pipeline = metadata.labels?.[LABELS.pipelineName];
  return neighbours().some(
    (other) =>
      other.metadata.uid !== metadata.uid &&
      !other.metadata.deletionTimestamp &&
      !other.spec?.resourceName &&
      other.spec?.promiseName === spec?.promiseName &&
      other.spec?.id === spec?.id &&
      other.metadata.labels?.[LABELS.pipelineName] === pipeline,
  );
}

/** Of the placements with one record: the one that wrote it, or the first. One after the other would write over it, and delete the other's files. */
const recordOwner = (placements: readonly WorkPlacement[]): WorkPlacement => placements.toSorted((left, right) => (ageKey(left) < ageKey(right) ? -1 : 1))[0]!;

const ageKey = (placement: WorkPlacement): string => `${isWritten(placement) ? 0 : 1} ${placement.metadata.creationTimestamp ?? ''} ${placement.metadata.namespace}/${placement.metadata.name}`;

/** Our own status writes are no reason to look again. */
function needsLook(placement: WorkPlacement, previous: WorkPlacement): boolean {
  return (
    placement.metadata.generation !== previous.metadata.generation ||
    placement.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    isMarked(placement, LABELS.misplaced) !== isMarked(previous, LABELS.misplaced) ||
    holdsFinalizer(placement) !== holdsFinalizer(previous)
  );
}

function placementsOf({ informers }: PlatformContext, { kind, name }: StateStoreRef): readonly WorkPlacement[] {
  return informers.destinations
    .list()
    .filter((destination) => destination.spec?.stateStoreRef?.kind === kind && destination.spec?.stateStoreRef?.name === name)
    .flatMap((destination) => informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name));
}

const placeOf = ({ spec }: Destination): unknown => [spec?.path, spec?.filepath, spec?.stateStoreRef];

const storeKey = ({ kind, name }: StateStoreRef): string => `${kind ?? ''}/${name ?? ''}`;

/** Who waits for something to happen, and is called when it has. */
function createWaitingRoom(call: (request: Request) => void): { add(room: string, placement: WorkPlacement): void; call(room: string): void } {
  const rooms = new Map<string, Map<string, Request>>();
  return {
    add: (room, placement) => {
      const waiting = rooms.get(room) ?? new Map<string, Request>();
      rooms.set(room, waiting.set(keyString(keyOf(placement)), keyOf(placement)));
    },
    call: (room) => {
      const waiting = rooms.get(room);
      if (!waiting) return;
      rooms.delete(room);
      for (const request of waiting.values()) call(request);
    },
  };
}

const readinessChanged = (store: KubeObject, previous: KubeObject | undefined): boolean => !previous || readiness(store) !== readiness(previous);

const readiness = (store: KubeObject): string => {
  const condition = findCondition((store as StateStore).status?.conditions, 'Ready');
  return `${condition?.status ?? ''} ${condition?.message ?? ''}`;
};

const spanOf = (placement: WorkPlacement | undefined) => ({ name: `${spanPrefix(placement?.spec?.promiseName, placement?.spec?.resourceName)}/WorkPlacementReconcile`, object: placement });

const writeAttributes = ({ metadata, spec }: WorkPlacement, result: 'success' | 'failure') => ({
  result,
  promise: spec?.promiseName ?? '',
  resource: spec?.resourceName ?? '',
  destination: spec?.targetDestinationName ?? '',
  pipeline: metadata.labels?.[LABELS.pipelineName] ?? '',
});
