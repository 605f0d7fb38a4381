import { RevisionError, type Entry, type StoreEvent } from './store.ts';

/**
 * The events since the last compaction, oldest first. Every revision has exactly one event, so an event is found by
 * counting.
 */
export class History {
  #events: StoreEvent[] = [];
  /** Events with this revision or below are gone. */
  #compacted: number;

  constructor(compacted: number) {
    this.#compacted = compacted;
  }

  get compacted(): number {
    return this.#compacted;
  }

  append(event: StoreEvent): void {
    this.#events.push(event);
  }

  /** Events after `revision`. Throws {@link RevisionError} when some of them are compacted or `revision` is not reached. */
  since(revision: number, current: number): readonly StoreEvent[] {
    if (revision > current) throw new RevisionError('future', revision, this.#compacted);
    if (revision < this.#compacted) throw new RevisionError('compacted', revision, this.#compacted);
    return revision === current ? [] : this.#events.slice(revision - this.#compacted);
  }

  /**
   * What each key below `prefix` that changed after `revision` was at `revision`.
   * `undefined`: it did not exist then.
   */
  undo(prefix: string, revision: number, current: number): Map<string, Entry | undefined> {
    const before = new Map<string, Entry | undefined>();
    for (const event of this.since(revision, current)) {
      if (event.key.startsWith(prefix) && !before.has(event.key)) before.set(event.key, event.previous);
    }
    return before;
  }

  /** Forgets events up to `revision` and returns them. */
  compact(revision: number): readonly StoreEvent[] {
    if (revision <= this.#compacted) return [];
    const dropped = this.#events.slice(0, revision - this.#compacted);
    this.#events = this.#events.slice(dropped.length);
    this.#compacted = revision;
    return dropped;
  }
}
