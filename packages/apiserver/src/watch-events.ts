import type { WatchFeed, WatchItem } from './verbs/watch.ts';

/**
 * A watch as a stream of events, for one reader. Ends when the watch ends, when the signal aborts, and when the reader is
 * too far behind (after it has read what still waits).
 */
export function watchEvents(feed: Pick<WatchFeed, 'open'>, signal: AbortSignal): AsyncIterable<WatchItem> {
  return {
    [Symbol.asyncIterator]() {
      let waiting: WatchItem[] = [];
      let position = 0;
      let ended = signal.aborted;
      let wake: (() => void) | undefined;
      const end = (): void => {
        ended = true;
        signal.removeEventListener('abort', end);
        stop();
        wake?.();
      };
      let stop: () => void = () => {};
      if (!ended) {
        signal.addEventListener('abort', end, { once: true });
        stop = feed.open({
          item: (item) => {
            waiting.push(item);
            wake?.();
            return waiting.length - position < MAX_WAITING;
          },
          end: () => {
            ended = true;
            signal.removeEventListener('abort', end);
            wake?.();
          },
        });
      }
      return {
        async next() {
          for (;;) {
            if (signal.aborted) return { done: true, value: undefined };
            const item = waiting[position];
            if (item) {
              position += 1;
              if (position === waiting.length) {
                waiting = [];
                position = 0;
              }
              return { done: false, value: item };
            }
            if (ended) return { done: true, value: undefined };
            await new Promise<void>((resolve) => (wake = resolve));
            wake = undefined;
          }
        },
        async return() {
          end();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** Events that wait for their reader. A reader that is this far behind had better list again. */
const MAX_WAITING = 20_000;
