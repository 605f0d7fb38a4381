import { existsSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnusableError } from '../errors.ts';
import { LogStructuredStore } from '../log-structured-store.ts';
import { damagedHint, recover } from './recover.ts';
import { SqliteJournal } from './sqlite-journal.ts';

export interface SqliteStoreOptions {
  /** The database file. SQLite keeps its write-ahead log beside it. */
  readonly file: string;
  /** `create`: the file must not exist yet. `open`: it must. `either` is for tests and tools. */
  readonly mode: 'create' | 'open' | 'either';
}

/**
 * Opens a durable store in one SQLite file.
 *
 * Guarantees: one process at a time (an exclusive lock that dies with the process); a write that resolved is on disk.
 * Errors: {@link StoreUnusableError} when the file is damaged, written by a newer Plinth, in use, missing or foreign.
 * It is never replaced by an empty one.
 */
export function openSqliteStore({ file, mode }: SqliteStoreOptions): LogStructuredStore {
  const exists = existsSync(file);
  if (mode === 'open' && !exists) {
    throw new StoreUnusableError('missing', file, 'the file is missing', 'restore it from a backup, or start with another data directory');
  }
  // SQLite would take it for a new one, and begin to write.
  if (mode === 'open' && statSync(file).size === 0) throw emptied(file);
  if (mode === 'create' && exists) {
    throw new StoreUnusableError('not-a-store', file, 'a file of that name is in the way', 'move it away, or start with another data directory');
  }
  const database = new DatabaseSync(file);
  try {
    configure(database, file, mode);
    // From here on the journal brings each batch to the disk itself, beside the event loop; SQLite still does when it copies
    // the log into the database, which it does less often than by default (4 MB).
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000');
    const recovered = recover(database, file);
    // What a crash left in the log may be in the memory of the system alone, and a later sync would not bring it to the disk
    // if one has failed before. So it goes into the database, and is synced there, before anybody sees it.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return new LogStructuredStore(new SqliteJournal(database), recovered);
  } catch (error) {
    database.close();
    throw error instanceof StoreUnusableError ? error : unusable(file, error);
  }
}

/** `PLTH`: marks the file as ours (SQLite's `application_id`). */
const applicationId = 0x504c5448;
const schemaVersion = 1;

function configure(database: DatabaseSync, file: string, mode: SqliteStoreOptions['mode']): void {
  // Exclusive before the first access: no shared memory file, and the lock is the process' own.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT');
  const id = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (id === 0 && version === 0 && isEmpty(database)) {
    if (mode === 'open') throw emptied(file);
    const sql = readFileSync(new URL('./migrations/0001-log.sql', import.meta.url), 'utf8');
    database.exec(`BEGIN; ${sql}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
    return;
  }
  if (id !== applicationId) {
    throw new StoreUnusableError('not-a-store', file, 'it is a database of another program', 'start with another data directory');
  }
  if (version > schemaVersion) {
    throw new StoreUnusableError(
      'newer',
      file,
      `it was written by a newer Plinth (format ${version}, this one knows up to ${schemaVersion})`,
      'start it with the newer version, or restore the backup made before the upgrade',
    );
  }
}

const emptied = (file: string): StoreUnusableError => new StoreUnusableError('damaged', file, 'it is empty', 'restore the data directory from a backup');

function isEmpty(database: DatabaseSync): boolean {
  return Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()!['n']) === 0;
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name]);
}

function unusable(file: string, error: unknown): StoreUnusableError {
  const message = error instanceof Error ? error.message : String(error);
  if (/locked|busy/i.test(message)) {
    return new StoreUnusableError('in-use', file, 'another process has it open', 'stop the other Plinth first (plinth down)', { cause: error });
  }
  return new StoreUnusableError('damaged', file, message, damagedHint, { cause: error });
}
