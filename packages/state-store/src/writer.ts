import type { StateStoreError } from './errors.ts';

/** A file as it stands in the store. */
export interface StateStoreFile {
  /** Relative to the store's path, `/` between segments. Checked by {@link checkPath} before anything is written. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** What to do with the store's files, all of it or nothing of it. Paths are relative to the store's `path`. */
export type StateStoreAction =
  /**
   * Puts and deletes files one by one; deleting what is not there is no error. For canaries and aggregated files.
   */
  | { readonly type: 'files'; readonly put: readonly StateStoreFile[]; readonly delete: readonly string[] }
  /**
   * Makes a directory hold exactly these files, whatever was below it. No files: the directory goes.
   * `files[].path` is the whole path and must lie below `directory`.
   */
  | { readonly type: 'directory'; readonly directory: string; readonly files: readonly StateStoreFile[] }
  /**
   * Files that lie anywhere, remembered in an index file (YAML `files:`), so that what a later write leaves out is
   * deleted. No files: the indexed files and the index go.
   */
  | { readonly type: 'indexed'; readonly index: string; readonly files: readonly StateStoreFile[] };

/** What one placement (or one canary) asks of a store. */
export interface StateStoreChange {
  /** Who asks, for the commit message: the WorkPlacement's name, or `kratix-canary`. */
  readonly name: string;
  readonly action: StateStoreAction;
}

/** What became of one change. `failed` is about this change alone unless the error says that the store is the cause. */
export type WriteOutcome =
  /** Durable in the store. `versionId`: the commit's SHA (git), or a hash over the uploaded versions (bucket). */
  | { readonly outcome: 'written'; readonly versionId: string; readonly heldAt?: string }
  /**
   * The store already held exactly this; nothing was written. `versionId`: the version that was compared with. `heldAt`, of
   * stores whose version ids are not of the whole store: what to ask {@link StateStoreWriter.contains} for instead.
   */
  | { readonly outcome: 'unchanged'; readonly versionId: string; readonly heldAt?: string }
  | { readonly outcome: 'failed'; readonly error: StateStoreError };

export interface WriteOptions {
  /** Gives up waiting: the outcome is then `failed`, though a push that is under way may still arrive. */
  readonly signal?: AbortSignal;
}

/**
 * A place that GitOps agents read from, open for writing.
 *
 * Guarantees: an outcome `written` means that the store acknowledged the change; changes asked for at once share
 * one commit where the store has commits; changes to the same paths take effect in the order of the calls; writing what
 * is there already writes nothing. Never rejects for a change: each has its own outcome.
 *
 * Retries by itself for a short while (see the body's options), so a `failed` outcome with `error.shouldRetry()` is
 * worth another try in seconds, not milliseconds.
 */
export interface StateStoreWriter extends AsyncDisposable {
  readonly kind: 'git' | 'bucket';
  /**
   * Whether the store at `revision` (a commit; of a bucket the digest that Flux makes of a listing) holds what an outcome called
   * `heldAt`, or else `versionId`: it is the same or came later. Undefined when this writer cannot tell: it has not seen one
   * of them. Absent for stores whose revisions do not tell.
   */
  readonly contains?: (revision: string, versionId: string) => boolean | undefined;
  /**
   * Looks whether the store is at one of these revisions, of all that begins with `prefix`, unless all of them are known; {@link
   * contains} can tell then. Resolves to whether one is known. Rejects with a StateStoreError. Absent where writers see every revision.
   */
  readonly identify?: (revisions: readonly string[], prefix: string, options?: WriteOptions) => Promise<boolean>;
  write(change: StateStoreChange, options?: WriteOptions): Promise<WriteOutcome>;
  /** Several changes as one call; outcomes in the order of the changes. They share a commit where that is possible. */
  writeAll(changes: readonly StateStoreChange[], options?: WriteOptions): Promise<readonly WriteOutcome[]>;
  /** One file as the store holds it now (it is asked whether it moved on), or undefined. Rejects with a StateStoreError. */
  read(path: string, options?: WriteOptions): Promise<Uint8Array | undefined>;
  /** Paths of all files below a directory (`''` = all), sorted bytewise. Rejects with a StateStoreError. */
  list(directory: string, options?: WriteOptions): Promise<readonly string[]>;
  /**
   * Checks that the store is there, that the branch or bucket is readable and that the credentials may write, without
   * leaving a trace. Rejects with a StateStoreError whose message can stand in a condition.
   */
  probe(options?: WriteOptions): Promise<void>;
}
