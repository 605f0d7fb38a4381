/** One key at one moment. `revision` is the store-wide revision of the write that made this value. */
export interface Entry {
  readonly key: string;
  /** The value as it was written. Never change it. */
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly revision: number;
}

export type StoreEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly revision: number; readonly createRevision: number; readonly previous: Entry | undefined }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry };

export interface Write {
  readonly key: string;
  /** `undefined` deletes. */
  readonly value: Uint8Array | undefined;
  /**
   * The revision that the key must have for the write to happen: 0 = must not exist, absent = whatever is there
   * (a delete of a missing key is then a no-op).
   */
  readonly expectedRevision?: number;
}

export type WriteResult =
  | { readonly ok: true; readonly revision: number; readonly previous: Entry | undefined }
  /** Nothing was written; `current` is what stands there now. */
  | { readonly ok: false; readonly current: Entry | undefined };

export interface ListResult {
  readonly entries: readonly Entry[];
  /** The revision the list is of. */
  readonly revision: number;
  /** Pass as `after` to go on; absent at the end. */
  readonly next?: string;
  /** How many entries of the prefix come after the last one returned. */
  readonly remaining: number;
}

/** The revision asked for has been compacted away, or is in the future. */
export class RevisionError extends Error {
  readonly reason: 'compacted' | 'future';
  readonly revision: number;
  readonly oldest: number;
  constructor(reason: 'compacted' | 'future', revision: number, oldest: number) {
    super(reason === 'compacted' ? `revision ${revision} is compacted, oldest is ${oldest}` : `revision ${revision} is in the future`);
    this.name = 'RevisionError';
    this.reason = reason;
    this.revision = revision;
    this.oldest = oldest;
  }
}

/**
 * Revisioned keys and bytes. Knows no Kubernetes.
 *
 * Guarantees: revisions grow by one per successful write, across all keys. A write resolves only when it is durable,
 * and no read, list or watch shows a write before that. A watcher sees every event with a revision above `after`, in
 * order, without gaps, or fails with a {@link RevisionError}.
 */
export interface ObjectStore extends AsyncDisposable {
  /** The last durable revision. */
  readonly revision: number;
  get(key: string): Entry | undefined;
  /** Keys that start with `prefix`, in byte order. `atRevision` reads the past as long as it is not compacted. */
  list(prefix: string, options?: { readonly limit?: number; readonly after?: string; readonly atRevision?: number }): ListResult;
  write(write: Write): Promise<WriteResult>;
  /**
   * Calls `listener` for each event below `prefix` after revision `after` (past ones first, before this returns), until
   * the returned function is called. Listeners must not throw.
   */
  watch(prefix: string, after: number, listener: (event: StoreEvent) => void): () => void;
  /** Like a watch event for nothing: `listener` learns of each new durable revision; for bookmarks. */
  onRevision(listener: (revision: number) => void): () => void;
  /** Forgets history before `revision`. Live entries stay. */
  compact(revision: number): Promise<void>;
}
