import type { BucketStateStore, GitStateStore } from '@plinth/api';
import type { Logger } from '@plinth/controller-runtime';
import type { StateStoreWriter } from '@plinth/state-store';
import { openBucketWriter } from '../bucket-state-store/open-writer.ts';
import { openGitWriter } from '../git-state-store/open-writer.ts';
import type { StateStore, StoreSecret } from './secret.ts';

/** Opens the writer of a store. Tests put another one in its place. `moved`: to be called when somebody else changed the store's content. */
export type StateStoreWriterFactory = (store: StateStore, secret: StoreSecret | undefined, moved: () => void) => Promise<StateStoreWriter>;

export interface OpenWriterOptions {
  /** PEM of an authority to trust for every store, besides the system's and the Secret's. */
  readonly ca?: string;
  readonly git?: GitClientOptions;
}

/** How all git repositories are spoken to; see `parseEnvironment`. */
export interface GitClientOptions {
  /** For one exchange with a git server; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** For one call to GitHub's API; 15,000 when absent. */
  readonly gitHubTimeoutMs?: number;
  /** How long a token of a GitHub App is used; as long as it is good when absent. */
  readonly keepTokenMs?: number;
  /** Folder with a file per host: the authorities that its certificate may be of. */
  readonly authoritiesFolder?: string;
  /** Whether each exchange is logged, without what it carries. */
  readonly isTraced?: boolean;
}

/** The writers for real stores. */
export const openWriter =
  (options: OpenWriterOptions, log: Logger): StateStoreWriterFactory =>
  (store, secret, moved) =>
    store.kind === 'BucketStateStore' ? openBucketWriter(store as BucketStateStore, secret, moved, options) : openGitWriter(store as GitStateStore, secret, moved, options, log);
