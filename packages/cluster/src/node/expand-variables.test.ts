import { describe, expect, it } from 'vitest';
import { expandVariables } from './expand-variables.ts';

describe(expandVariables, () => {
  it.each([
    ['$(A)-$(B)', 'x-y'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$x'],
    ['$A ${A} $(', '$A ${A} $('],
    ['$(toString)', '$(toString)'],
  ])('%s is %s', (text, expected) => {
    expect(expandVariables(text, { A: 'x', B: 'y' })).toBe(expected);
  });
});
