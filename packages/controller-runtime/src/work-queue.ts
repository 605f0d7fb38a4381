import { keyString } from '@plinth/apimachinery';

import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Request } from './types.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Delay after the first failure in a row, in ms. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Called when there may be something to take and there was nothing before. */
  readonly ready: () => void;
}

/**
 * Requests that wait to be reconciled, each at most once.
 *
 * For a request the modes are: absent, delayed (due at a time), waiting, taken, and taken with one more run asked for.
 * While it is taken, no one else gets it; what is asked for meanwhile happens afterwards, once.
 */
export interface WorkQueue {
  /** As soon as possible. A request that is delayed becomes due now. */
  add(request: Request): void;
  /** After `ms`, unless it is due earlier anyway. */
  addAfter(request: Request, ms: number): void;
  /** After a delay that doubles with each call until {@link forget}. Returns the delay in ms. */
  addAfterFailure(request: Request): number;
  forget(request: Request): void;
  /** The next one, with the time it became due; it is taken until {@link release}. */
  take(): { readonly request: Request; readonly dueAt: number } | undefined;
  release(request: Request): void;
  /** Waiting, without delayed ones. */
  readonly length: number;
  /** Drops everything and takes nothing more. */
  close(): void;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, random, retryBaseMs, retryMaxMs } = options;
  const waiting = new Map<string, { readonly request: Request; readonly dueAt: number }>();
  const taken = new Set<string>();
  /** What to do with a taken request on release; `dueAt` may be in the future. */
  const again = new Map<string, { readonly request: Request; readonly dueAt: number }>();
  const delayed = new Map<string, { readonly dueAt: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  let closed = false;

  const undelay = (key: string): void => {
    delayed.get(key)?.cancel();
    delayed.delete(key);
  };
  const schedule = (request: Request, dueAt: number): void => {
    if (closed) return;
    const key = keyString(request);
    const now = clock.now();
    if (taken.has(key)) {
      const planned = again.get(key);
      if (!planned || dueAt < planned.dueAt) again.set(key, { request, dueAt });
    } else if (waiting.has(key)) {
      return;
    } else if (dueAt <= now) {
      undelay(key);
      waiting.set(key, { request, dueAt: Math.min(dueAt, now) });
      if (waiting.size === 1) options.ready();
    } else {
      const planned = delayed.get(key);
      if (planned && planned.dueAt <= dueAt) return;
      planned?.cancel();
      const cancel = clock.setTimeout(() => {
        delayed.delete(key);
        schedule(request, Math.min(dueAt, clock.now()));
      }, dueAt - now);
      delayed.set(key, { dueAt, cancel });
    }
  };

  return {
    add: (request) => schedule(request, clock.now()),
    addAfter: (request, ms) => schedule(request, clock.now() + ms),
    addAfterFailure: (request) => {
      const key = keyString(request);
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const ms = backoffMs(count, { baseMs: retryBaseMs, maxMs: retryMaxMs, random });
      schedule(request, clock.now() + ms);
      return ms;
    },
    forget: (request) => failures.delete(keyString(request)),
    take: () => {
      for (const [key, entry] of waiting) {
        waiting.delete(key);
        taken.add(key);
        return entry;
      }
      return undefined;
    },
    release: (request) => {
      const key = keyString(request);
      taken.delete(key);
      const planned = again.get(key);
      again.delete(key);
      if (planned) schedule(planned.request, planned.dueAt);
    },
    get length() {
      return waiting.size;
    },
    close: () => {
      closed = true;
      waiting.clear();
      again.clear();
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
    },
  };
}
