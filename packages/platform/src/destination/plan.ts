import type { Destination, GitStateStore, WorkPlacement } from '@plinth/api';
import { findCondition } from '../conditions.ts';
import { FINALIZERS } from '../naming/finalizers.ts';

export interface DestinationSnapshot {
  readonly destination: Destination;
  readonly store: GitStateStore | undefined;
  readonly hasWriter: boolean;
  /** Of this Destination. */
  readonly placements: readonly WorkPlacement[];
}

export type DestinationPlan =
  /** The finalizer does not fit `spec.cleanup`. */
  | { readonly type: 'setFinalizer'; readonly present: boolean }
  | { readonly type: 'writeCanaries'; readonly enabled: boolean }
  | { readonly type: 'deletePlacements'; readonly placements: readonly WorkPlacement[] }
  | { readonly type: 'removeCanaries' }
  | { readonly type: 'notReady'; readonly reason: 'StateStoreNotReady' | 'StateStoreNotFound'; readonly message: string }
  | { readonly type: 'none' };

/** Decides what a Destination needs (contract, section 5.7). */
export function planDestination({ destination, store, hasWriter, placements }: DestinationSnapshot): DestinationPlan {
  const { kind = '', name = '' } = destination.spec?.stateStoreRef ?? {};
  const wantsCleanup = destination.spec?.cleanup === 'all';
  const holds = destination.metadata.finalizers?.includes(FINALIZERS.destination) ?? false;
  if (destination.metadata.deletionTimestamp) {
    if (!holds) return { type: 'none' };
    // With its store gone there is nothing left to clean.
    if (!wantsCleanup || !store) return { type: 'setFinalizer', present: false };
    if (placements.length > 0) return { type: 'deletePlacements', placements: placements.filter((placement) => !placement.metadata.deletionTimestamp) };
    return hasWriter ? { type: 'removeCanaries' } : { type: 'none' };
  }
  if (wantsCleanup !== holds) return { type: 'setFinalizer', present: wantsCleanup };
  if (!store) return { type: 'notReady', reason: 'StateStoreNotFound', message: kind === 'GitStateStore' ? `${kind}/${name}: not found` : `${kind}/${name}: stores of this kind are not there yet; use a GitStateStore` };
  const ready = findCondition(store.status?.conditions, 'Ready');
  if (!hasWriter || ready?.status !== 'True') return { type: 'notReady', reason: 'StateStoreNotReady', message: `${kind}/${name}: not ready` };
  return { type: 'writeCanaries', enabled: destination.spec?.initWorkloads?.enabled ?? true };
}
