import { DatabaseSync } from 'node:sqlite';

/**
 * A lock that dies with the process that holds it: SQLite's exclusive lock on an empty database, which is the kernel's
 * lock on the file. Node.js has no other.
 */
export class FileLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Undefined when another process (or this one) holds it. */
  static tryAcquire(file: string): FileLock | undefined {
    const database = new DatabaseSync(file);
    try {
      database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new FileLock(database);
    } catch (error) {
      database.close();
      if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
