import type { DatabaseSync } from 'node:sqlite';
import { StoreUnusableError } from '../errors.ts';
import type { Recovered } from '../log-structured-store.ts';
import type { Entry, StoreEvent } from '../store.ts';
import { checksum } from './checksum.ts';

/** Reads the whole log: what lives, and the events that are not compacted. Checks every row on the way. */
export function recover(database: DatabaseSync, file: string): Recovered {
  const damaged = (found: string): StoreUnusableError => new StoreUnusableError('damaged', file, found, damagedHint);
  const check = String(database.prepare('PRAGMA quick_check(1)').get()!['quick_check']);
  if (check !== 'ok') throw damaged(check);
  const meta = database.prepare('SELECT compacted, revision FROM meta').all();
  if (meta.length !== 1) throw damaged(`table meta has ${meta.length} rows`);
  const compacted = Number(meta[0]!['compacted']);
  const revision = Number(meta[0]!['revision']);

  const live = new Map<string, Entry>();
  const events: StoreEvent[] = [];
  let last = 0;
  for (const row of database.prepare('SELECT revision, key, create_revision, value, checksum FROM log ORDER BY revision').iterate()) {
    const key = String(row['key']);
    const at = Number(row['revision']);
    const createRevision = Number(row['create_revision']);
    const value = row['value'] as Uint8Array | null;
    if (checksum(key, value ?? undefined) !== Number(row['checksum'])) throw damaged(`the value of ${key} at revision ${at} does not match its checksum`);
    if (at > compacted && at !== Math.max(last, compacted) + 1) throw damaged(`revision ${Math.max(last, compacted) + 1} is missing`);
    const previous = live.get(key);
    if (value) live.set(key, { key, value, createRevision, revision: at });
    else live.delete(key);
    if (at > compacted) {
      if (value) events.push({ type: 'put', key, value, revision: at, createRevision, previous });
      else if (previous) events.push({ type: 'delete', key, revision: at, previous });
      else throw damaged(`revision ${at} deletes ${key}, which did not exist`);
    }
    last = at;
  }
  if (Math.max(last, compacted) !== revision) throw damaged(`the log ends at revision ${last}, and not at ${revision}`);
  return { entries: live.values(), events, compacted, revision };
}

export const damagedHint = 'restore the data directory from a backup; nothing in it was changed';
