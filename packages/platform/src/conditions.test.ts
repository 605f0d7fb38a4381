import { describe, expect, it } from 'vitest';
import { isTrue, setConditions } from './conditions.ts';

describe(setConditions, () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Done', message: 'Ready' } as const;
  it('moves the time only when the status changes, and sorts by type', () => {
    const first = setConditions(undefined, [ready, { ...ready, type: 'Available' }], 1_000);
    expect(first.map((condition) => condition.type)).toEqual(['Available', 'Ready']);
    const second = setConditions(first, [{ ...ready, message: 'still' }], 60_000);
    expect(second.find((condition) => condition.type === 'Ready')).toEqual({ ...ready, message: 'still', lastTransitionTime: '1970-01-01T00:00:01Z' });
    const third = setConditions(second, [{ ...ready, status: 'False' }], 60_000);
    expect(third.find((condition) => condition.type === 'Ready')?.lastTransitionTime).toBe('1970-01-01T00:01:00Z');
  });
  it('does not take a condition of an older generation for true', () => {
    const conditions = setConditions(undefined, [{ ...ready, observedGeneration: 1 }], 0);
    expect(isTrue(conditions, 'Ready', 1)).toBe(true);
    expect(isTrue(conditions, 'Ready', 2)).toBe(false);
  });
});
