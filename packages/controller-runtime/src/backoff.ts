export interface BackoffOptions {
  /** The first delay, in ms. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Returns numbers in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * The delay before the try after `failures` failures in a row (1, 2, ...): base, 2·base, 4·base ... up to the maximum,
 * less up to a fifth, so that those who failed together do not come back together.
 */
export function backoffMs(failures: number, { baseMs, maxMs, random = Math.random }: BackoffOptions): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return full * (1 - 0.2 * random());
}
