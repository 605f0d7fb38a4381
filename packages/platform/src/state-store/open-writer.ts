import type { BucketStateStore, GitStateStore } from '@plinth/api';
import type { StateStoreWriter } from '@plinth/state-store';
import { openBucketWriter } from '../bucket-state-store/open-writer.ts';
import { openGitWriter } from '../git-state-store/open-writer.ts';
import type { StateStore, StoreSecret } from './secret.ts';

/** Opens the writer of a store. Tests put another one in its place. `moved`: to be called when somebody else changed the store's content. */
export type StateStoreWriterFactory = (store: StateStore, secret: StoreSecret | undefined, moved: () => void) => Promise<StateStoreWriter>;

export interface OpenWriterOptions {
  /** PEM of an authority to trust for every store, besides the system's and the Secret's. */
  readonly ca?: string;
}

/** The writers for real stores. */
export const openWriter =
  (options: OpenWriterOptions): StateStoreWriterFactory =>
  (store, secret, moved) =>
    store.kind === 'BucketStateStore' ? openBucketWriter(store as BucketStateStore, secret, moved, options) : openGitWriter(store as GitStateStore, secret, moved, options);
