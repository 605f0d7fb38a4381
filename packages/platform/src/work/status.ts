import type { Work, WorkPlacement } from '@plinth/api';
import { type ConditionUpdate, findCondition, isTrue, setConditions } from '../conditions.ts';
import type { GroupPlacement } from './schedule.ts';

/**
 * The status of a Work in the words of the contract, section 4.4. `Ready` is true when every placement stands in its
 * state store with the content of this generation; Kratix says so as soon as it is scheduled.
 */
export function workStatus(work: Work, groups: readonly GroupPlacement[], placements: readonly WorkPlacement[], now: number): NonNullable<Work['status']> {
  const generation = work.metadata.generation ?? 1;
  const unscheduled = groups.filter((group) => group.targets.length === 0).map(({ group }) => group.id);
  const updates = conditionsOf(groups, placements, generation, unscheduled).map((update) => ({ ...update, observedGeneration: generation }));
  return {
    ...work.status,
    workPlacements: groups.length,
    workPlacementsCreated: groups.length - unscheduled.length,
    conditions: setConditions(work.status?.conditions, updates, now),
  };
}

function conditionsOf(groups: readonly GroupPlacement[], placements: readonly WorkPlacement[], generation: number, unscheduled: readonly (string | undefined)[]): readonly ConditionUpdate[] {
  if (unscheduled.length > 0) {
    return [
      { type: 'ScheduleSucceeded', status: 'False', reason: 'UnscheduledWorkloads', message: `No matching destination found for workloadGroups: [${unscheduled.join(' ')}]` },
      { type: 'Ready', status: 'False', reason: 'UnscheduledWorkloads', message: 'Pending' },
    ];
  }
  const misplaced = groups.filter((group) => group.targets.some((target) => target.isMisplaced)).map(({ group }) => group.id);
  const scheduled: ConditionUpdate =
    misplaced.length > 0
      ? { type: 'ScheduleSucceeded', status: 'False', reason: 'DestinationSelectorMismatch', message: `Target destination no longer matches destinationSelectors for workloadGroups: [${misplaced.join(' ')}]` }
      : { type: 'ScheduleSucceeded', status: 'True', reason: 'AllWorkplacementsScheduled', message: 'All workplacements scheduled successfully' };

  const failing = placements.filter((placement) => findCondition(placement.status?.conditions, 'WriteSucceeded')?.status === 'False').map(({ metadata }) => metadata.name);
  if (failing.length > 0) {
    return [
      { ...scheduled, ...(misplaced.length === 0 ? { status: 'False', reason: 'WorkplacementsFailing', message: `Workplacements failed to write: [${failing.sort().join(' ')}]` } : {}) },
      { type: 'Ready', status: 'False', reason: 'WorkplacementsFailing', message: 'Failing' },
    ];
  }
  if (misplaced.length > 0) return [scheduled, { type: 'Ready', status: 'False', reason: 'Misplaced', message: 'Misplaced' }];
  const expected = groups.reduce((count, group) => count + group.targets.length, 0);
  const isWritten = placements.filter((placement) => isPlacementWritten(placement, generation)).length >= expected && placements.every((placement) => !placement.metadata.deletionTimestamp);
  return [
    scheduled,
    isWritten
      ? { type: 'Ready', status: 'True', reason: 'AllWorkplacementsScheduled', message: 'Ready' }
      : { type: 'Ready', status: 'False', reason: 'ScheduledToDestination', message: 'Pending' },
  ];
}

/** Whether the content that this generation of the Work has stands in the store. */
const isPlacementWritten = (placement: WorkPlacement, generation: number): boolean =>
  placement.spec?.generation === generation && isTrue(placement.status?.conditions, 'WriteSucceeded', placement.metadata.generation);
