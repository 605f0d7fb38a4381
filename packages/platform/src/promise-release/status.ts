import type { PromiseRelease } from '@plinth/api';
import { type Condition, type ConditionUpdate, setConditions } from '../conditions.ts';

export type ReleaseFailure = 'FailedToFetchPromise' | 'VersionLabelNotFound' | 'VersionNotMatching' | 'FailedToCreateOrUpdatePromise';

export type ReleaseOutcome = { readonly type: 'installed' } | { readonly type: 'failed'; readonly reason: ReleaseFailure; readonly message: string };

/** What a release says of its Promise (contract, section 7.2). `now` in ms. */
export function releaseStatus(release: PromiseRelease, outcome: ReleaseOutcome, now: number): NonNullable<PromiseRelease['status']> {
  const condition: ConditionUpdate =
    outcome.type === 'installed'
      ? { type: 'Installed', status: 'True', reason: 'InstalledSuccessfully', message: 'Installed successfully' }
      : { type: 'Installed', status: 'False', reason: outcome.reason, message: outcome.message };
  return {
    ...release.status,
    status: outcome.type === 'installed' ? 'Installed' : 'Error installing',
    conditions: setConditions(release.status?.conditions as readonly Condition[] | undefined, [condition], now) as Condition[],
  };
}
