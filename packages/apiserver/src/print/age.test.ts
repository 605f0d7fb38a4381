import { describe, expect, test } from 'vitest';
import { ageText, durationText } from './age.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe(durationText, () => {
  test.each([
    [0, '0s'],
    [-500, '0s'],
    [-5 * second, '<invalid>'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [3 * minute + 20 * second, '3m20s'],
    [59 * minute + 59 * second, '59m'],
    [3 * hour + 10 * minute, '3h10m'],
    [30 * hour, '30h'],
    [3 * day + 4 * hour, '3d4h'],
    [9 * day + 4 * hour, '9d'],
    [800 * day, '2y70d'],
    [4_000 * day, '10y'],
  ])('%i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  test('a time that is none has no age', () => {
    expect(ageText('yesterday', 0)).toBe('<unknown>');
  });
});
