/** Lets a number of holders in at once; the others wait in line. */
export interface Gate {
  /** Resolves with the function that leaves again. Rejects when the signal aborts while waiting. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createGate(places: number): Gate {
  const waiting: (() => void)[] = [];
  let free = places;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => {
            waiting.splice(waiting.indexOf(turn), 1);
            reject(signal.reason as Error);
          };
          const turn = (): void => {
            signal.removeEventListener('abort', abort);
            resolve();
          };
          waiting.push(turn);
          signal.addEventListener('abort', abort, { once: true });
        });
      }
      return leave;
    },
  };
}
