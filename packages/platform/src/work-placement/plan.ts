import type { Destination, WorkPlacement } from '@plinth/api';
import { findCondition, isTrue } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import type { StateStore } from '../state-store/secret.ts';

export interface PlacementSnapshot {
  readonly placement: WorkPlacement;
  readonly destination: Destination | undefined;
  readonly store: StateStore | undefined;
  /** Whether a writer for the store is open. */
  readonly hasWriter: boolean;
  /** It is to be compared with the store although nothing changed. */
  readonly isDue: boolean;
}

export type PlacementPlan =
  | { readonly type: 'write' }
  /** Take the files away, then let go. */
  | { readonly type: 'remove' }
  /** The files cannot be reached and never will be: let go. */
  | { readonly type: 'release'; readonly reason: string }
  /** Something has to happen elsewhere first, and will wake us. `problem` absent: it is under way. */
  | { readonly type: 'wait'; readonly problem?: string }
  | { readonly type: 'none' };

/** Decides what a placement needs. */
export function planPlacement({ placement, destination, store, hasWriter, isDue }: PlacementSnapshot): PlacementPlan {
  const isDeleting = Boolean(placement.metadata.deletionTimestamp);
  if (isDeleting && !holdsFinalizer(placement)) return { type: 'none' };
  const target = placement.spec?.targetDestinationName ?? '';
  if (!destination) return isDeleting ? { type: 'release', reason: `the Destination ${JSON.stringify(target)} is gone` } : { type: 'wait', problem: `Destination ${JSON.stringify(target)} not found` };
  const stands = !isDeleting && isWritten(placement);
  if (stands && !isDue) return { type: 'none' };

  const { kind, name } = destination.spec?.stateStoreRef ?? {};
  if (!store) {
    const problem = `${kind ?? 'state store'} ${JSON.stringify(name ?? '')} of Destination ${JSON.stringify(target)} not found`;
    // Where the Destination goes as well, nobody will bring the store back.
    return isDeleting && destination.metadata.deletionTimestamp ? { type: 'release', reason: problem } : { type: 'wait', problem };
  }
  const ready = findCondition(store.status?.conditions, 'Ready');
  if (!hasWriter || ready?.status !== 'True') {
    // What was written is still there as far as anybody knows; the store's recovery wakes us.
    if (stands) return { type: 'none' };
    return ready?.status === 'False' ? { type: 'wait', problem: `${kind} ${JSON.stringify(name)} is not ready: ${ready.message}` } : { type: 'wait' };
  }
  return { type: isDeleting ? 'remove' : 'write' };
}

/** Whether the content of this generation stands in the store. */
export const isWritten = (placement: WorkPlacement): boolean => isTrue(placement.status?.conditions, 'WriteSucceeded', placement.metadata.generation);

export const holdsFinalizer = (placement: WorkPlacement): boolean =>
  placement.metadata.finalizers?.some((finalizer) => finalizer === FINALIZERS.workPlacement || finalizer === FINALIZERS.workPlacementIndex) ?? false;
