import { isConflict } from '@plinth/apimachinery';

import { sleep } from './sleep.ts';

export interface RetryOnConflictOptions {
  /** Attempts in total. Default 5. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `attempt` again while it ends in a conflict: somebody else wrote the object in between. `attempt` must read the
 * object anew each time. The first repeat comes at once, later ones after 10 ms, 20 ms ... with jitter.
 *
 * Errors: the last conflict when all attempts met one; any other error at once.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, options: RetryOnConflictOptions = {}): Promise<T> {
  const { attempts = 5, signal } = options;
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || count >= attempts || signal?.aborted) throw error;
      if (count > 1) await sleep(5 * 2 ** (count - 1) * (0.5 + Math.random()), signal);
    }
  }
}
