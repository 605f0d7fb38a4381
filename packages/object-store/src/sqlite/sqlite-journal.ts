import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Journal } from '../log-structured-store.ts';
import type { StoreEvent } from '../store.ts';
import { checksum } from './checksum.ts';

/** One transaction, and so one fsync, per batch. */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #setCompacted: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare('INSERT INTO log (revision, key, create_revision, value, checksum) VALUES (?, ?, ?, ?, ?)');
    this.#remove = database.prepare('DELETE FROM log WHERE revision = ?');
    this.#setRevision = database.prepare('UPDATE meta SET revision = ?');
    this.#setCompacted = database.prepare('UPDATE meta SET compacted = ?');
  }

  append(events: readonly StoreEvent[]): void {
    this.#transaction(() => {
      for (const event of events) {
        const value = event.type === 'put' ? event.value : undefined;
        const createRevision = event.type === 'put' ? event.createRevision : event.previous.createRevision;
        this.#insert.run(event.revision, event.key, createRevision, value ?? null, checksum(event.key, value));
      }
      this.#setRevision.run(events.at(-1)!.revision);
    });
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
