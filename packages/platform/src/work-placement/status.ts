import type { WorkPlacement } from '@plinth/api';
import { timeText } from '@plinth/apimachinery';
import type { StateStoreReason } from '@plinth/state-store';
import { type ConditionUpdate, findCondition, setConditions } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';

/** How the last look at the store ended. */
export type PlacementOutcome =
  | { readonly type: 'written'; readonly versionId: string | undefined }
  /** `cause`: what kind of failure the store reported. */
  | { readonly type: 'failed'; readonly message: string; readonly cause?: StateStoreReason }
  | { readonly type: 'pending' };

/** The status in the words of the contract, section 4.5; conditions say which generation they are about. */
export function placementStatus(placement: WorkPlacement, outcome: PlacementOutcome, now: number): NonNullable<WorkPlacement['status']> {
  const observedGeneration = placement.metadata.generation ?? 1;
  // A look that found everything as it was is no news: the proof that it was written there is the one that counts.
  const before = findCondition(placement.status?.conditions, 'WriteSucceeded');
  const stands = outcome.type === 'written' && !outcome.versionId && before?.status === 'True' && before.observedGeneration === observedGeneration;
  const provedAt = stands ? before.provedAt : timeText(now);
  const updates = conditionsOf(isMarked(placement, LABELS.misplaced), outcome).map((update) => ({
    ...update,
    observedGeneration,
    ...(update.type === 'WriteSucceeded' && update.status === 'True' && provedAt ? { provedAt } : {}),
  }));
  return {
    ...placement.status,
    ...(outcome.type === 'written' && outcome.versionId ? { versionID: outcome.versionId } : {}),
    conditions: setConditions(placement.status?.conditions, updates, now),
  };
}

function conditionsOf(isMisplaced: boolean, outcome: PlacementOutcome): readonly ConditionUpdate[] {
  const scheduled: ConditionUpdate = isMisplaced
    ? { type: 'ScheduleSucceeded', status: 'False', reason: 'DestinationSelectorMismatch', message: 'Target destination no longer matches destinationSelectors' }
    : { type: 'ScheduleSucceeded', status: 'True', reason: 'ScheduledToDestination', message: 'Scheduled to correct Destination' };
  switch (outcome.type) {
    case 'written':
      return [
        scheduled,
        { type: 'WriteSucceeded', status: 'True', reason: 'WorkloadsWrittenToStateStore', message: 'Workloads written to State Store' },
        isMisplaced
          ? { type: 'Ready', status: 'False', reason: 'Misplaced', message: 'Misplaced' }
          : { type: 'Ready', status: 'True', reason: 'WorkloadsWrittenToTargetDestination', message: 'Ready' },
      ];
    case 'failed':
      return [
        scheduled,
        { type: 'WriteSucceeded', status: 'False', reason: 'WorkloadsFailedWrite', message: outcome.message, ...(outcome.cause ? { cause: outcome.cause } : {}) },
        { type: 'Ready', status: 'False', reason: 'WorkloadsFailedWrite', message: 'Failing' },
      ];
    case 'pending':
      return [scheduled, { type: 'Ready', status: 'False', reason: 'ScheduledToDestination', message: 'Pending' }];
    default:
      return outcome satisfies never;
  }
}
