import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(): boolean;
  /** Until there is a token, in ms; 0 when there is one. */
  waitMs(): number;
}

/** Lets through `burst` things at once, and `perSecond` in the long run. Sets no timers. */
export function createTokenBucket({ clock, perSecond, burst }: { readonly clock: Clock; readonly perSecond: number; readonly burst: number }): TokenBucket {
  let tokens = burst;
  let at = clock.now();
  const fill = (): void => {
    const now = clock.now();
    // A clock that was put back gives nothing.
    tokens = Math.min(burst, tokens + (Math.max(0, now - at) * perSecond) / 1000);
    at = now;
  };
  return {
    take: () => {
      fill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    waitMs: () => {
      fill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond);
    },
  };
}

/**
 * How many normal events a component tells of at once, and each second from then on: tales of what goes well, which must
 * not slow down what they tell of. Kubernetes' components are held back in the same way (client-go: 5 per second, 10 at once).
 */
export const NORMAL_EVENTS = { perSecond: 10, burst: 100 } as const;
