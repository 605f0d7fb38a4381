import type { StoreEvent } from './store.ts';

/** Who wants to hear of which keys. Watchers of one prefix are one entry, so an event is matched once per prefix. */
export class Watchers {
  readonly #byPrefix = new Map<string, Set<(event: StoreEvent) => void>>();
  readonly #ofRevisions = new Set<(revision: number) => void>();

  add(prefix: string, listener: (event: StoreEvent) => void): () => void {
    const listeners = this.#byPrefix.get(prefix) ?? new Set();
    this.#byPrefix.set(prefix, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byPrefix.get(prefix) === listeners) this.#byPrefix.delete(prefix);
    };
  }

  onRevision(listener: (revision: number) => void): () => void {
    this.#ofRevisions.add(listener);
    return () => this.#ofRevisions.delete(listener);
  }

  notify(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#byPrefix.forEach((listeners, prefix) => {
        if (event.key.startsWith(prefix)) for (const listener of listeners) listener(event);
      });
    }
    const last = events.at(-1);
    if (last) for (const listener of this.#ofRevisions) listener(last.revision);
  }
}
