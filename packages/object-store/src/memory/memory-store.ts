import { LogStructuredStore } from '../log-structured-store.ts';

/** A store that forgets everything when it is closed; for tests. */
export function openMemoryStore(): LogStructuredStore {
  const journal = { append: () => undefined, compact: () => {}, close: () => {} };
  return new LogStructuredStore(journal, { entries: [], events: [], compacted: 0, revision: 0 });
}
