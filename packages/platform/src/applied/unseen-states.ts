import type { Clock } from '@plinth/controller-runtime';

/** Destinations whose agents went on to a state of their store that nobody knows. */
export interface UnseenStates extends Disposable {
  /** An agent went on to such a state. */
  wentOn(destination: string): void;
  /** What an agent has applied is known. */
  cameBack(destination: string): void;
  /** It has been so for so long that what was proved before counts no longer. */
  isLost(destination: string): boolean;
}

/**
 * An agent that lists a bucket while it is being written sees a state that nobody knows, and another one when it looks again: no
 * reason to take anything back. One that stays away follows something else, and what was proved before says
 * nothing of that. `changed` is called with a destination that is lost.
 */
export function followUnseenStates(clock: Clock, changed: (destination: string) => void): UnseenStates {
  const away = new Map<string, { isLost: boolean; readonly cancel: () => void }>();
  return {
    wentOn: (destination) => {
      if (away.has(destination)) return;
      const cancel = clock.setTimeout(() => {
        const entry = away.get(destination);
        if (!entry) return;
        entry.isLost = true;
        changed(destination);
      }, LOST_AFTER_MS);
      away.set(destination, { isLost: false, cancel });
    },
    cameBack: (destination) => {
      away.get(destination)?.cancel();
      away.delete(destination);
    },
    isLost: (destination) => away.get(destination)?.isLost ?? false,
    [Symbol.dispose]: () => {
      for (const { cancel } of away.values()) cancel();
      away.clear();
    },
  };
}

/** Longer than the interval at which agents usually look. */
const LOST_AFTER_MS = 15 * 60_000;
