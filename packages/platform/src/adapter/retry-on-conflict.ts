import { isConflict } from '@plinth/apimachinery';

/**
 * Runs a read-modify-write again while somebody else was faster. The first tries follow at once: the writers of one
 * object are few, and each of them has something to say only once.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, shouldRetry: (error: unknown) => boolean = isConflict): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= MAX_TRIES || !shouldRetry(error)) throw error;
    }
  }
}

const MAX_TRIES = 10;
