import type { Core } from '../core.ts';

/** How long a client may be away and still resume its watch; etcd in Kubernetes is compacted at this rhythm, too. */
const KEEP_MS = 5 * 60_000;
/** History lives in memory, so a burst of writes must not make it grow without end. */
const KEEP_REVISIONS = 10_000;
/** How often a mark in time is set, at most. */
const MARK_MS = 30_000;

/**
 * Forgets the store's history before the last five minutes, or the last 10,000 revisions if those are more. Runs when
 * something is written, so an idle server does nothing. Returns the function that ends it.
 */
export function compactHistory(core: Core): () => void {
  let marks: { readonly at: number; readonly revision: number }[] = [{ at: core.now(), revision: core.store.revision }];
  let busy = false;
  const compact = (revision: number): void => {
    busy = true;
    core.store
      .compact(revision)
      .catch((error: unknown) => {
        if (!core.signal.aborted) core.log('error', 'compacting the history failed; it is tried again', { revision, err: error });
      })
      .finally(() => (busy = false));
  };
  let compacted = 0;
  return core.store.onRevision((revision) => {
    const at = core.now();
    const last = marks.at(-1)!;
    if (at - last.at >= MARK_MS || revision - last.revision >= KEEP_REVISIONS / 10) marks.push({ at, revision });
    if (busy) return;
    const old = marks.findLast((mark) => at - mark.at >= KEEP_MS || revision - mark.revision >= KEEP_REVISIONS);
    if (!old || old.revision <= compacted) return;
    compacted = old.revision;
    marks = marks.filter((mark) => mark.revision >= old.revision);
    compact(old.revision);
  });
}
