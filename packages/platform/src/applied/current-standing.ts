import type { Work } from '@plinth/api';
import { type Condition, isTrue } from '../conditions.ts';
import type { WorksStanding } from '../work/standing.ts';
import { type AppliedStanding, NOT_WRITTEN } from './applied-standing.ts';

export interface AskedFor {
  readonly works: readonly Work[];
  readonly state: WorksStanding['state'];
  /** The last workflow that ended was about the spec as it is now. */
  readonly isObserved: boolean;
  /** A workflow for the spec as it is now has ended, with or without a Work. */
  readonly hasEnded: boolean;
  readonly before: readonly Condition[] | undefined;
}

/**
 * What can be said of the spec as it is now. While a workflow runs once more for the same spec, what stands is still what
 * was asked for; while one runs for another spec, nothing of that is there.
 */
export function currentStanding({ works, state, isObserved, hasEnded, before }: AskedFor, of: (works: readonly Work[]) => AppliedStanding): AppliedStanding {
  const isAgain = isObserved && works.length > 0 && isTrue(before, 'Applied');
  const isHere = hasEnded ? state !== 'pending' : isObserved && state !== 'pending';
  return isHere || isAgain ? of(works) : NOT_WRITTEN;
}
