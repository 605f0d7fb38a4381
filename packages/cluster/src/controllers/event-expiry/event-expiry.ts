import { coreEvents } from '@plinth/api';
import { isNotFound, keyOf, keyString, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import { msOf } from '../../objects/time.ts';
import type { ControllerContext } from '../controller-context.ts';

export interface EventExpiryOptions {
  /** Default one hour, as in Kubernetes. */
  readonly timeToLiveMs?: number;
  /** The oldest beyond this many go early. Default 3000. */
  readonly maxEvents?: number;
}

type EventObject = KubeObject & { readonly lastTimestamp?: string | null; readonly eventTime?: string | null };

/** Deletes old events, so that they do not pile up. One timer, for the oldest; none when there are no events. */
export function startEventExpiry({ cache, clock, log, signal }: Pick<ControllerContext, 'cache' | 'clock' | 'log' | 'signal'>, { timeToLiveMs = 3_600_000, maxEvents = 3000 }: EventExpiryOptions = {}): AsyncDisposable {
  const { client } = cache;
  /** In the order in which they expire, for nearly all of them. */
  const expiry = new Map<string, { readonly key: ObjectKey; readonly atMs: number }>();
  let cancel: (() => void) | undefined;
  let sweeping: Promise<void> | undefined;

  const seen = (event: EventObject): void => {
    const key = keyOf(event);
    const lastMs = msOf(event.lastTimestamp) ?? msOf(event.eventTime) ?? msOf(event.metadata.creationTimestamp) ?? clock.now();
    const id = keyString(key);
    expiry.delete(id);
    expiry.set(id, { key, atMs: lastMs + timeToLiveMs });
    wakeLater();
  };
  const wakeLater = (): void => {
    if (sweeping || signal.aborted) return;
    if (expiry.size > maxEvents) return sweep();
    const oldest = expiry.values().next().value;
    if (cancel || !oldest) return;
    cancel = clock.setTimeout(sweep, Math.max(MIN_PAUSE_MS, oldest.atMs - clock.now()));
  };
  const sweep = (): void => {
    cancel?.();
    cancel = undefined;
    const now = clock.now();
    let surplus = expiry.size > maxEvents ? expiry.size - Math.floor(maxEvents * KEPT_SHARE) : 0;
    const due: ObjectKey[] = [];
    for (const [id, { key, atMs }] of expiry) {
      surplus -= 1;
      if (atMs > now && surplus < 0) break;
      expiry.delete(id);
      due.push(key);
    }
    sweeping = removeAll(due)
      .catch((err: unknown) => {
        if (!signal.aborted) log.warn({ kind: 'Event', err }, 'deleting old events failed');
      })
      .finally(() => {
        sweeping = undefined;
        wakeLater();
      });
  };
  const removeAll = async (keys: readonly ObjectKey[]): Promise<void> => {
    for (let at = 0; at < keys.length && !signal.aborted; at += AT_ONCE) {
      await Promise.all(
        keys.slice(at, at + AT_ONCE).map(async (key) => {
          try {
            await client.delete(coreEvents, key);
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
        }),
      );
    }
  };

  const unsubscribe = cache.informer<EventObject>(coreEvents).subscribe({ added: seen, updated: seen, deleted: (event) => expiry.delete(keyString(keyOf(event))) });
  return {
    [Symbol.asyncDispose]: async () => {
      unsubscribe();
      cancel?.();
      await sweeping;
    },
  };
}

const AT_ONCE = 16;
const KEPT_SHARE = 0.9;
const MIN_PAUSE_MS = 60_000;
