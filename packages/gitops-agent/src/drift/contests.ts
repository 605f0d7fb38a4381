/** How often an object was changed by others lately. */
interface Contest {
  readonly times: number;
  readonly lastAt: number;
  readonly delayMs: number;
}

/** Put back at once this often; from then on somebody else seems to insist. */
const FREE_TIMES = 3;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 5 * 60_000;
/** After this long without a change it counts as the first again. */
const PEACE_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Keeps the agent from fighting with another program over an object: each round comes twice as late as the one before. */
export class Contests {
  readonly #contests = new Map<string, Contest>();

  /** Somebody changed the object (once more): after how long to put it back, and how often that was. */
  next(id: string, now: number): { readonly delayMs: number; readonly times: number } {
    const before = this.#contests.get(id);
    const times = before && now - before.lastAt < PEACE_MS + 2 * before.delayMs ? before.times + 1 : 1;
    const delayMs = times <= FREE_TIMES ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (times - FREE_TIMES - 1), MAX_DELAY_MS);
    this.#contests.delete(id);
    this.#contests.set(id, { times, lastAt: now, delayMs });
    for (const oldest of this.#contests.keys()) {
      if (this.#contests.size <= MAX_REMEMBERED) break;
      this.#contests.delete(oldest);
    }
    return { delayMs, times };
  }
}
