import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { Journal } from '../log-structured-store.ts';
import type { StoreEvent } from '../store.ts';
import { checksum } from './checksum.ts';

/**
 * One transaction, and one fsync, per batch. The fsync is our own: when there is much to do, SQLite's would keep the whole
 * process waiting for the disk. SQLite writes a batch to its write-ahead log and nowhere else (`synchronous=NORMAL`), so
 * that file is what is synced.
 */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #log: number;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #setCompacted: StatementSync;

  /** `database`: open and in WAL mode, so that its log is there. Nothing may fail between a commit and its fsync but the fsync. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare('INSERT INTO log (revision, key, create_revision, value, checksum) VALUES (?, ?, ?, ?, ?)');
    this.#remove = database.prepare('DELETE FROM log WHERE revision = ?');
    this.#setRevision = database.prepare('UPDATE meta SET revision = ?');
    this.#setCompacted = database.prepare('UPDATE meta SET compacted = ?');
    // SQLite follows links, and keeps the log beside the file that they lead to.
    this.#log = openSync(`${database.location()!}-wal`, 'r');
  }

  append(events: readonly StoreEvent[]): Promise<void> | undefined {
    this.#transaction(() => {
      for (const event of events) {
        const value = event.type === 'put' ? event.value : undefined;
        const createRevision = event.type === 'put' ? event.createRevision : event.previous.createRevision;
        this.#insert.run(event.revision, event.key, createRevision, value ?? null, checksum(event.key, value));
      }
      this.#setRevision.run(events.at(-1)!.revision);
    });
    return events.length < BUSY_BATCH ? syncNow(this.#log) : sync(this.#log);
  }

  compact(revision: number, dropped: readonly StoreEvent[]): void {
    this.#transaction(() => {
      this.#setCompacted.run(revision);
      for (const event of dropped) {
        if (event.previous) this.#remove.run(event.previous.revision);
        if (event.type === 'delete') this.#remove.run(event.revision);
      }
    });
  }

  close(): void {
    closeSync(this.#log);
    this.#database.close();
  }

  #transaction(run: () => void): void {
    this.#database.exec('BEGIN');
    try {
      run();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself after some errors (disk full); then there is nothing left to undo.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** With fewer writes at once nobody else has much to do, and the way through the thread pool costs more than it gives. */
const BUSY_BATCH = 8;

const sync = promisify(fdatasync);

/** Rejects instead of throwing: the batch is in the log, on disk or not. */
function syncNow(log: number): Promise<void> | undefined {
  try {
    fdatasyncSync(log);
    return undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}
