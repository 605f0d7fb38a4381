/** Why a state store could not do what was asked. */
export type StateStoreReason =
  /** No connection, a timeout, or a server error: the store may come back. */
  | 'unreachable'
  /** The credentials are missing or refused, or may not write. */
  | 'unauthorized'
  /** No such repository, branch or bucket. */
  | 'not-found'
  /** The store refused the write (a hook, a protected branch), or moved faster than we could follow. */
  | 'rejected'
  /** The change itself is bad: a path that escapes, content that cannot be decoded, too large. */
  | 'invalid'
  /** A file of the change is another placement's (mode `none`), which wrote it first and keeps it. */
  | 'conflict'
  /** The caller's signal, or the writer was closed. */
  | 'aborted'
  /** Anything else: a store that does not speak the protocol, damaged data. */
  | 'failed';

/** A store operation that did not work. The message says what was tried, where, and what was found; no secrets in it. */
export class StateStoreError extends Error {
  readonly reason: StateStoreReason;
  /** What a person can do about it. */
  readonly hint: string | undefined;
  constructor(reason: StateStoreReason, message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StateStoreError';
    this.reason = reason;
    this.hint = options.hint;
  }

  /** The same call may succeed later without anybody changing a placement: everything but a change that cannot be. */
  shouldRetry(): boolean {
    return this.reason !== 'invalid' && this.reason !== 'conflict';
  }
}
