export interface EventuallyOptions {
  /** Default 5 s. */
  readonly timeoutMs?: number;
  /** Between two tries. Default 10 ms. */
  readonly intervalMs?: number;
}

/**
 * Tries `look` again until it neither throws nor returns `false`, and returns what it returned. For what a test can only
 * see from outside; where there is a watch, `until` of the client is better.
 *
 * Errors: when the time is over, an error that carries what the last try saw.
 */
export async function eventually<T>(look: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<Exclude<T, false>> {
  const { timeoutMs = 5000, intervalMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  let tries = 0;
  for (;;) {
    let seen: unknown;
    tries += 1;
    try {
      const value = await look();
      if (value !== false) return value as Exclude<T, false>;
      seen = new Error('it was false');
    } catch (error) {
      seen = error;
    }
    if (performance.now() >= deadline) {
      const text = seen instanceof Error ? seen.message : String(seen);
      throw new Error(`not within ${timeoutMs} ms (${tries} tries); last seen: ${text}`, { cause: seen });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
