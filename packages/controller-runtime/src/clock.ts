/** Time as a parameter, so that tests can move it. `@plinth/testing` has one that stands still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once, after `ms`; the returned function prevents that. */
  setTimeout(callback: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, Math.min(ms, maxTimeoutMs));
    return () => clearTimeout(timer);
  },
};

/** Above this Node fires at once. A controller that waits for 24 days may look once too often. */
const maxTimeoutMs = 2 ** 31 - 1;

/** Resolves after `ms` or when the signal aborts, without an error. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
