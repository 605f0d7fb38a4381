import { describe, expect, it } from 'vitest';
import { findCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts';

const ready = { type: 'Ready', status: 'True', reason: 'Done', message: 'all is well' } as const;

describe(setCondition, () => {
  it('keeps the time while the status stays, and the list while nothing changes', () => {
    const first = setCondition(undefined, ready, 't1');
    expect(setCondition(first, ready, 't2')).toBe(first);
    const reworded = setCondition(first, { ...ready, message: 'still well' }, 't3');
    expect(findCondition(reworded, 'Ready')).toEqual({ ...ready, message: 'still well', lastTransitionTime: 't1' });
    const failed = setCondition(reworded, { ...ready, status: 'False' }, 't4');
    expect(findCondition(failed, 'Ready')?.lastTransitionTime).toBe('t4');
    expect([isConditionTrue(first, 'Ready'), isConditionTrue(failed, 'Ready')]).toEqual([true, false]);
  });

  it('keeps the order of the others', () => {
    const list = setCondition(setCondition([], ready, 't1'), { ...ready, type: 'Other' }, 't1');
    expect(setCondition(list, { ...ready, status: 'False' }, 't2').map(({ type }) => type)).toEqual(['Ready', 'Other']);
    expect(removeCondition(list, 'Ready').map(({ type }) => type)).toEqual(['Other']);
    expect(removeCondition(list, 'None')).toBe(list);
  });
});
