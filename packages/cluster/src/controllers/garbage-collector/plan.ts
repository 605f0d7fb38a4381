import type { OwnerReference } from '@plinth/apimachinery';
import type { Item } from '../../inventory/inventory.ts';

/** How an owner that is named in a reference stands. */
export type OwnerState =
  /** It is there, or nobody can tell: the dependent stays. */
  | 'solid'
  /** It is there and is being deleted in the foreground: it waits for this dependent to go. */
  | 'waiting'
  /** It is gone. */
  | 'absent';

export type GarbageStep =
  | { readonly type: 'keep' }
  /** Some owners are gone and others are there: only the references go. */
  | { readonly type: 'dropReferences'; readonly uids: readonly string[] }
  | { readonly type: 'delete'; readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan' };

/**
 * What becomes of an object whose owners stand as `stateOf` says.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export function planDependent(item: Item, dependents: readonly Item[], stateOf: (owner: OwnerReference) => OwnerState): GarbageStep {
  if (item.owners.length === 0 || item.isDeleting) return { type: 'keep' };
  const states = item.owners.map((owner) => ({ owner, state: stateOf(owner) }));
  const gone = states.filter(({ state }) => state !== 'solid').map(({ owner }) => owner.uid);
  if (gone.length === 0) return { type: 'keep' };
  if (gone.length < states.length) return { type: 'dropReferences', uids: gone };
  if (states.some(({ state }) => state === 'waiting') && dependents.some((dependent) => blocks(dependent, item.uid))) {
    return { type: 'delete', propagationPolicy: 'Foreground' };
  }
  const policy = item.finalizers.includes(ORPHAN) ? 'Orphan' : item.finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
  return { type: 'delete', propagationPolicy: policy };
}

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Whether the dependent holds up the end of an owner that is deleted in the foreground. */
export const blocks = (dependent: Item, ownerUid: string): boolean =>
  dependent.owners.some((owner) => owner.uid === ownerUid && owner.blockOwnerDeletion === true);
