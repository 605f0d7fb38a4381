import { StoreClosedError, WriteFailedError } from './errors.ts';
import { History } from './history.ts';
import { KeyIndex } from './key-index.ts';
import type { Entry, ListResult, ObjectStore, StoreEvent, Write, WriteResult } from './store.ts';
import { Watchers } from './watchers.ts';

/** Makes batches of events durable, one after the other. */
export interface Journal {
  /**
   * Throws when it cannot take the batch, and leaves nothing of it behind. What it took is durable when it returns, or when
   * the promise that it returns resolves; if that is rejected, nobody knows what of it is on disk.
   */
  append(events: readonly StoreEvent[]): Promise<void> | undefined;
  /** `dropped` are the events up to `revision`; the values that they replaced are no longer needed. */
  compact(revision: number, dropped: readonly StoreEvent[]): void;
  close(): void;
}

export interface Recovered {
  readonly entries: Iterable<Entry>;
  /** Events after `compacted`, in order. */
  readonly events: readonly StoreEvent[];
  readonly compacted: number;
  readonly revision: number;
}

/**
 * A store that is a log of events with an index of what lives, both in memory, and a {@link Journal} that makes the log
 * durable.
 *
 * Writes that arrive while the event loop is busy, or while the disk works on the batch before, form one batch (group
 * commit): it is journalled once, and only then do its events become visible, watchers hear of them, and its writers learn
 * that they succeeded. When it is not known whether a batch is on disk, no more writes are taken: a restart tells.
 */
export class LogStructuredStore implements ObjectStore {
  readonly #journal: Journal;
  readonly #index = new KeyIndex();
  readonly #history: History;
  readonly #watchers = new Watchers();
  #revision: number;
  #queue: PendingWrite[] = [];
  #closed = false;
  #ended: Promise<void> | undefined;
  /** A batch on its way to the disk. Never rejects. */
  #syncing: Promise<void> | undefined;
  #broken: WriteFailedError | undefined;

  constructor(journal: Journal, recovered: Recovered) {
    this.#journal = journal;
    this.#index.load(recovered.entries);
    this.#history = new History(recovered.compacted);
    for (const event of recovered.events) this.#history.append(event);
    this.#revision = recovered.revision;
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#history.compacted;
  }

  get(key: string): Entry | undefined {
    return this.#index.get(key);
  }

  list(prefix: string, options: { limit?: number; after?: string; atRevision?: number } = {}): ListResult {
    const { limit = Infinity, after, atRevision = this.#revision } = options;
    if (atRevision !== this.#revision) return this.#listPast(prefix, limit, after, atRevision);
    const { from, to } = this.#index.range(prefix, after);
    const end = Math.min(to, from + limit);
    const entries: Entry[] = [];
    for (let position = from; position < end; position++) entries.push(this.#index.at(position));
    return page(entries, to - end, this.#revision);
  }

  write(write: Write): Promise<WriteResult> {
    if (this.#closed) return Promise.reject(new StoreClosedError());
    if (this.#broken) return Promise.reject(this.#broken);
    // In the next turn of the event loop; or after the batch that is being synced.
    if (this.#queue.length === 0 && !this.#syncing) setImmediate(() => this.#commit());
    return new Promise((resolve, reject) => this.#queue.push({ write, resolve, reject }));
  }

  watch(prefix: string, after: number, listener: (event: StoreEvent) => void): () => void {
    for (const event of this.#history.since(after, this.#revision)) {
      if (event.key.startsWith(prefix)) listener(event);
    }
    return this.#watchers.add(prefix, listener);
  }

  onRevision(listener: (revision: number) => void): () => void {
    return this.#watchers.onRevision(listener);
  }

  async compact(revision: number): Promise<void> {
    if (this.#closed) throw new StoreClosedError();
    const upTo = Math.min(revision, this.#revision);
    if (upTo <= this.#history.compacted) return;
    const dropped = this.#history.since(this.#history.compacted, this.#revision).slice(0, upTo - this.#history.compacted);
    this.#journal.compact(upTo, dropped);
    this.#history.compact(upTo);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#closed = true;
    if (!this.#syncing) this.#commit();
    for (; this.#syncing; this.#commit()) await this.#syncing;
    this.#journal.close();
  }

  #commit(): void {
    if (this.#syncing) return;
    const queue = this.#queue;
    this.#queue = [];
    if (queue.length === 0) return;
    const staged = new Map<string, Entry | undefined>();
    const events: StoreEvent[] = [];
    const replies = queue.map(({ write }) => this.#stage(write, staged, events));
    const fail = (error: unknown): WriteFailedError => {
      const why = error instanceof Error ? error.message : String(error);
      const failure = new WriteFailedError(`failed to make ${events.length} writes durable: ${why}`, { cause: error });
      for (const { reject } of queue) reject(failure);
      return failure;
    };
    const succeed = (): void => {
      for (const event of events) this.#apply(event);
      this.#watchers.notify(events);
      queue.forEach(({ resolve }, index) => resolve(replies[index]!));
    };
    let durable: Promise<void> | undefined;
    try {
      durable = events.length > 0 ? this.#journal.append(events) : undefined;
    } catch (error) {
      fail(error);
      return;
    }
    if (!durable) return succeed();
    this.#syncing = durable.then(succeed, (error: unknown) => {
      this.#broken = fail(error);
      for (const { reject } of this.#queue.splice(0)) reject(this.#broken);
    }).finally(() => {
      this.#syncing = undefined;
      if (this.#queue.length > 0) setImmediate(() => this.#commit());
    });
  }

  #stage(write: Write, staged: Map<string, Entry | undefined>, events: StoreEvent[]): WriteResult {
    const { key, value, expectedRevision } = write;
    const previous = staged.has(key) ? staged.get(key) : this.#index.get(key);
    if (expectedRevision !== undefined && expectedRevision !== (previous?.revision ?? 0)) {
      return { ok: false, current: previous };
    }
    if (value === undefined && previous === undefined) return { ok: true, revision: this.#revision + events.length, previous };
    const revision = this.#revision + events.length + 1;
    if (value === undefined) {
      events.push({ type: 'delete', key, revision, previous: previous! });
      staged.set(key, undefined);
    } else {
      const createRevision = previous?.createRevision ?? revision;
      events.push({ type: 'put', key, value, revision, createRevision, previous });
      staged.set(key, { key, value, createRevision, revision });
    }
    return { ok: true, revision, previous };
  }

  #apply(event: StoreEvent): void {
    if (event.type === 'put') {
      const { key, value, createRevision, revision } = event;
      this.#index.put({ key, value, createRevision, revision });
    } else {
      this.#index.delete(event.key);
    }
    this.#history.append(event);
    this.#revision = event.revision;
  }

  /** Today's list with what happened since undone. */
  #listPast(prefix: string, limit: number, after: string | undefined, atRevision: number): ListResult {
    const before = this.#history.undo(prefix, atRevision, this.#revision);
    const { from, to } = this.#index.range(prefix, undefined);
    const entries: Entry[] = [];
    for (let position = from; position < to; position++) {
      const entry = this.#index.at(position);
      if (!before.has(entry.key)) entries.push(entry);
    }
    for (const entry of before.values()) if (entry) entries.push(entry);
    const rest = entries
      .filter((entry) => after === undefined || entry.key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return page(rest.slice(0, limit), Math.max(0, rest.length - limit), atRevision);
  }
}

interface PendingWrite {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

function page(entries: readonly Entry[], remaining: number, revision: number): ListResult {
  const last = entries.at(-1);
  return remaining > 0 && last ? { entries, revision, remaining, next: last.key } : { entries, revision, remaining };
}
