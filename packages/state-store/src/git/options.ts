import type { Credentials, CredentialSource, SshOptions, TraceExchange } from '@plinth/git';

/** Where and as whom a {@link GitStateStore} writes. */
export interface GitStateStoreOptions {
  /** Of the repository: `https://`, `http://`, `ssh://user@host/path` or `user@host:path`. */
  readonly url: string;
  /** Must exist, or the repository must be empty. */
  readonly branch: string;
  /** Folder of the repository that is the store's root; `''` when absent. */
  readonly path?: string;
  /** For HTTP. */
  readonly auth?: Credentials | CredentialSource;
  /** For SSH. */
  readonly ssh?: SshOptions;
  /** PEM of the authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** Author and committer of the commits; `kratix <>` when absent. */
  readonly author?: { readonly name: string; readonly email?: string };
  /** How long one try against the server may take; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** Is told of each exchange with the server. */
  readonly trace?: TraceExchange;
  /** How often a change is tried before it has failed; 5 when absent. Waits grow from 50 ms to 2 s between tries. */
  readonly attempts?: number;
  /** Most changes in one commit; 500 when absent. */
  readonly maxBatch?: number;
  /**
   * Called when the branch stands where this writer did not put it: somebody else pushed, or the repository was wiped.
   * What was written before may be gone, so write it again. On a Plinth git server the call comes at once, elsewhere
   * with the next write, read or probe.
   */
  readonly onForeignChange?: (change: { readonly previous: string | undefined; readonly current: string | undefined }) => void;
  readonly now?: () => Date;
}
