import type { Informers } from '../runtime/informers.ts';
import type { StateStore } from './secret.ts';
import type { StateStoreRef } from './state-stores.ts';

/** The store that a Destination names; undefined when there is none. */
export function findStore({ gitStateStores, bucketStateStores }: Pick<Informers, 'gitStateStores' | 'bucketStateStores'>, ref: StateStoreRef | undefined): StateStore | undefined {
  if (!ref?.name) return undefined;
  if (ref.kind === 'GitStateStore') return gitStateStores.get({ name: ref.name });
  return ref.kind === 'BucketStateStore' ? bucketStateStores.get({ name: ref.name }) : undefined;
}
