import type { Core } from '../core.ts';
import { prefixOf } from '../registry/served.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';

/** Kubernetes keeps events for an hour. */
const KEEP_MS = 60 * 60_000;
const SWEEP_MS = 5 * 60_000;
/** Events beyond this many go, the oldest first, however young they are. */
const KEEP_COUNT = 10_000;

/** Deletes Events that nobody will look at any more, when new ones come. Returns the function that ends it. */
export function expireEvents(core: Core): () => void {
  const prefix = prefixOf({ group: '', plural: 'events' });
  let swept = core.now();
  let since = 0;
  const sweep = async (): Promise<void> => {
    const now = core.now();
    const aged = core.store.list(prefix).entries.map((entry) => ({ entry, at: lastSeen(entry) }));
    const tooMany = aged.length - KEEP_COUNT;
    const extra = tooMany > 0 ? aged.toSorted((a, b) => a.entry.revision - b.entry.revision).slice(0, tooMany) : [];
    const old = new Set([...aged.filter(({ at }) => now - at > KEEP_MS), ...extra]);
    await Promise.all([...old].map(({ entry }) => core.store.write({ key: entry.key, value: undefined, expectedRevision: entry.revision })));
  };
  return core.store.watch(prefix, core.store.revision, (event) => {
    if (event.type !== 'put') return;
    since += 1;
    if (core.now() - swept < SWEEP_MS && since < KEEP_COUNT / 10) return;
    swept = core.now();
    since = 0;
    sweep().catch((error: unknown) => {
      if (!core.signal.aborted) core.log('error', 'deleting old events failed; it is tried again', { err: error });
    });
  });
}

function lastSeen(entry: Parameters<typeof decode>[0]): number {
  try {
    const event = decode(entry);
    const times = [event['lastTimestamp'], event['eventTime'], event.metadata.creationTimestamp].map((time) => (typeof time === 'string' ? Date.parse(time) : Number.NaN));
    return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
  } catch (error) {
    if (error instanceof DamagedValueError) return 0;
    throw error;
  }
}
