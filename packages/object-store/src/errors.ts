/** A store's file cannot be used as it is. The message names the file; `hint` says what a person can do. */
export class StoreUnusableError extends Error {
  readonly reason: 'damaged' | 'newer' | 'in-use' | 'missing' | 'not-a-store';
  readonly file: string;
  readonly hint: string;

  constructor(reason: StoreUnusableError['reason'], file: string, found: string, hint: string, options?: ErrorOptions) {
    super(`cannot open the object store ${file}: ${found}`, options);
    this.name = 'StoreUnusableError';
    this.reason = reason;
    this.file = file;
    this.hint = hint;
  }
}

/** A write could not be made durable (disk full, I/O error). Nothing of it is visible; the store goes on. */
export class WriteFailedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WriteFailedError';
  }
}

/** The store was closed before the write was made. */
export class StoreClosedError extends Error {
  constructor() {
    super('the object store is closed');
    this.name = 'StoreClosedError';
  }
}
