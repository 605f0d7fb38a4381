import { describe, expect, it } from 'vitest';
import { CommitOrder } from './commit-order.ts';

describe(CommitOrder, () => {
  it('knows which of the commits that were made came later', () => {
    const order = new CommitOrder();
    order.restart('a');
    order.advance('b');
    order.advance('c');
    expect([order.contains('c', 'b'), order.contains('b', 'b'), order.contains('a', 'b')]).toEqual([true, true, false]);
  });
  it('says nothing of commits that it has not seen, but that each contains itself', () => {
    const order = new CommitOrder();
    order.restart('a');
    expect([order.contains('x', 'a'), order.contains('a', 'x'), order.contains('x', 'x')]).toEqual([undefined, undefined, true]);
  });
  it('begins anew when somebody else moved the branch', () => {
    const order = new CommitOrder();
    order.restart('a');
    order.advance('b');
    order.restart('foreign');
    order.advance('c');
    expect([order.contains('c', 'foreign'), order.contains('c', 'b')]).toEqual([true, undefined]);
    order.restart(undefined);
    expect(order.contains('c', 'foreign')).toBeUndefined();
  });
});
