import { describe, expect, it } from 'vitest';
import { appliedStanding } from './applied-standing.ts';
import type { PlacementStanding } from './placement-standing.ts';

const applied = (destination: string, commit: string, provedAt = '2026-11-22T21:04:05Z'): PlacementStanding => ({ type: 'applied', destination, commit, provedAt, unhealthy: [], areUnhealthyKnown: true });

describe(appliedStanding, () => {
  it('names each destination once, with its commits', () => {
    const standing = appliedStanding([applied('worker', '46871e4aaa'), applied('other', '7deeceebbb'), applied('worker', '7deeceebbb'), applied('worker', '46871e4aaa')]);
    expect(standing).toMatchObject({ type: 'applied', where: ['other (commit 7deecee)', 'worker (commits 46871e4, 7deecee)'] });
  });

  it('is proved when the last of it was', () => {
    expect(appliedStanding([applied('a', 'c', '2026-11-22T21:04:06Z'), applied('b', 'c')])).toMatchObject({ provedAt: '2026-11-22T21:04:06Z' });
  });
});
