/** Bytes that are not what git's formats say: an object, a pack, an index, a packet line. */
export class GitFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GitFormatError';
  }
}

/** More than a bound allows: bytes, objects, depth. The message names the bound. */
export class GitLimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GitLimitError';
  }
}

/** A repository on disk that cannot be opened, read or changed. */
export class GitRepositoryError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, { cause: options.cause });
    this.name = 'GitRepositoryError';
    this.hint = options.hint;
  }
}

/** Why a remote did not do what was asked. */
export type GitRemoteReason =
  /** No connection, it broke, or a 5xx. */
  | 'unreachable'
  | 'timeout'
  /** 401 or 403. */
  | 'unauthorized'
  /** 404, or a ref or object that the server does not have. */
  | 'not-found'
  /** A ref update that the server refused, most often because the ref moved. */
  | 'rejected'
  /** More than the client's bounds, or the server's (413). */
  | 'too-large'
  /** Not a git server, or one that speaks otherwise than agreed. */
  | 'protocol'
  | 'aborted';

/** A call to a git server that failed. The message names the call and the URL (without credentials). */
export class GitRemoteError extends Error {
  readonly reason: GitRemoteReason;
  constructor(reason: GitRemoteReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GitRemoteError';
    this.reason = reason;
  }

  /** Worth the same call again soon: the cause lies in the connection or in a race, not in what was asked. */
  shouldRetry(): boolean {
    return this.reason === 'unreachable' || this.reason === 'timeout' || this.reason === 'rejected';
  }
}
