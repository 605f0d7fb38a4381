import { describe, expect, it } from 'vitest';
import { generateName, randomSuffix } from './random-suffix.ts';

describe(generateName, () => {
  it('keeps the whole within 63 characters', () => {
    expect(generateName('a'.repeat(100), () => 0)).toBe(`${'a'.repeat(58)}bbbbb`);
  });
  it('reaches both ends of the alphabet', () => {
    expect(randomSuffix(() => 0, 2) + randomSuffix(() => 0.999_999, 2)).toBe('bb99');
  });
});
