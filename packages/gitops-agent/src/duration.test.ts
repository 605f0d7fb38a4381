import { describe, expect, it } from 'vitest';
import { parseDuration, printDuration } from './duration.ts';

describe(parseDuration, () => {
  it.each([['3s', 3000], ['1m30s', 90_000], ['1.5h', 5_400_000], ['250ms', 250], ['nonsense', 7], [undefined, 7]])('of %s is %d ms', (text, ms) => {
    expect(parseDuration(text, 7)).toBe(ms);
  });

  it.each([[176.21, '176.2ms'], [3000, '3s'], [90_000, '1m30s'], [3_600_000, '1h0m0s']])('%d ms is printed as %s', (ms, text) => {
    expect(printDuration(ms)).toBe(text);
  });
});
