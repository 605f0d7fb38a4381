import { describe, expect, it } from 'vitest';
import { Contests } from './contests.ts';

describe(Contests, () => {
  it('is patient three times, and then waits twice as long each time, up to five minutes', () => {
    const contests = new Contests();
    let now = 0;
    const delays = Array.from({ length: 14 }, () => {
      const { delayMs } = contests.next('a', now);
      now += delayMs + 100;
      return delayMs / 1000;
    });
    expect(delays).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(contests.next('b', now).delayMs).toBe(0);
  });

  it('forgets after a time of peace', () => {
    const contests = new Contests();
    for (let index = 0; index < 4; index++) contests.next('a', 0);
    expect(contests.next('a', 70_000)).toEqual({ delayMs: 0, times: 1 });
  });
});
