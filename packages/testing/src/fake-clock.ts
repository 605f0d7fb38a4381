/** Time that stands still until a test moves it. Fits wherever a `Clock` of controller-runtime is asked for. */
export interface FakeClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once `ms` have been advanced; the returned function prevents that. */
  setTimeout(callback: () => void, ms: number): () => void;
  /** Moves on, firing what is due in order, each at its own time; what a timer set in motion may settle before the next. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

export function fakeClock(startAt = Date.UTC(2026, 0, 1)): FakeClock {
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  let now = startAt;
  return {
    now: () => now,
    setTimeout: (callback, ms) => {
      const timer = { at: now + Math.max(0, ms), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      const end = now + ms;
      await settled();
      for (;;) {
        let next: { readonly at: number; readonly callback: () => void } | undefined;
        for (const timer of timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.callback();
        await settled();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** One turn of the event loop: every promise that could settle without I/O has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
