import type { Destination, WorkPlacement } from '@plinth/api';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import type { StateStore } from '../state-store/secret.ts';

export interface DestinationSnapshot {
  readonly destination: Destination;
  readonly store: StateStore | undefined;
  readonly hasWriter: boolean;
  /** Of this Destination. */
  readonly placements: readonly WorkPlacement[];
}

export type DestinationPlan =
  /** The finalizer does not fit `spec.cleanup`. */
  | { readonly type: 'setFinalizer'; readonly present: boolean }
  | { readonly type: 'writeCanaries'; readonly enabled: boolean }
  /** `abandoned`: with the store gone, their files cannot be reached. */
  | { readonly type: 'deletePlacements'; readonly placements: readonly WorkPlacement[]; readonly abandoned: boolean }
  | { readonly type: 'removeCanaries' }
  | { readonly type: 'notReady'; readonly reason: 'StateStoreNotReady' | 'StateStoreNotFound'; readonly message: string }
  | { readonly type: 'none' };

/** Decides what a Destination needs (contract, section 5.7). */
export function planDestination({ destination, store, hasWriter, placements }: DestinationSnapshot): DestinationPlan {
  const { kind = '', name = '' } = destination.spec?.stateStoreRef ?? {};
  const isReady = hasWriter && findCondition(store?.status?.conditions, 'Ready')?.status === 'True';
  const wantsCleanup = destination.spec?.cleanup === 'all';
  const holds = destination.metadata.finalizers?.includes(FINALIZERS.destination) ?? false;
  if (destination.metadata.deletionTimestamp) {
    if (!holds) return { type: 'none' };
    if (!wantsCleanup) return { type: 'setFinalizer', present: false };
    const standing = placements.filter((placement) => !placement.metadata.deletionTimestamp);
    if (standing.length > 0) return { type: 'deletePlacements', placements: standing, abandoned: !store };
    // With its store gone there is nothing that could be cleaned.
    if (!store) return placements.length > 0 ? { type: 'none' } : { type: 'setFinalizer', present: false };
    if (!isReady) return { type: 'notReady', reason: 'StateStoreNotReady', message: `${kind}/${name}: not ready` };
    return placements.length > 0 ? { type: 'none' } : { type: 'removeCanaries' };
  }
  if (wantsCleanup !== holds) return { type: 'setFinalizer', present: wantsCleanup };
  if (!store) return { type: 'notReady', reason: 'StateStoreNotFound', message: `${kind}/${name}: not found` };
  if (!isReady) return { type: 'notReady', reason: 'StateStoreNotReady', message: `${kind}/${name}: not ready` };
  return { type: 'writeCanaries', enabled: destination.spec?.initWorkloads?.enabled ?? true };
}
