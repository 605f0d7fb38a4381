/**
 * Something about a PostgreSQL server, its binaries or its data did not work. The message says what was tried, on which
 * path, and what was found; `hint` says what a person can do about it.
 */
export class PostgresError extends Error {
  readonly code: PostgresErrorCode;
  readonly hint: string;

  constructor(code: PostgresErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(`${message}. ${hint}`, options);
    this.name = 'PostgresError';
    this.code = code;
    this.hint = hint;
  }
}

export type PostgresErrorCode =
  /** No usable PostgreSQL (of that major) on this machine. */
  | 'EngineMissing'
  /** Plinth is root and there is no unprivileged user that the server could run as. */
  | 'NoEngineUser'
  /** The binaries could not be put where the engine's user can reach them. */
  | 'EngineUnreachable'
  | 'InitFailed'
  /** A data directory is there but is no longer one that PostgreSQL wrote completely. Never repaired by throwing it away. */
  | 'DataDamaged'
  | 'StartFailed'
  | 'StopFailed'
  | 'BackupFailed';
