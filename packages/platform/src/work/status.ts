import type { Destination, Work, WorkPlacement } from '@plinth/api';
import { type ConditionUpdate, findCondition, isTrue, latestProof, setConditions } from '../conditions.ts';
import type { GroupPlacement } from './schedule.ts';

/** What is known when the status of a Work is written. */
export interface WorkStanding {
  readonly groups: readonly GroupPlacement[];
  readonly placements: readonly WorkPlacement[];
  /** Ids of the groups whose placements could not be made or changed. */
  readonly failedGroups?: readonly string[];
  readonly destination: (name: string) => Destination | undefined;
}

/**
 * The status of a Work in the words of the contract, section 4.4. `Ready` is true when every placement stands in its
 * state store with the content of this generation; Kratix says so as soon as it is scheduled. `Written` is ours: its
 * message has room for what a placement waits for, or why it failed.
 */
export function workStatus(work: Work, standing: WorkStanding, now: number): NonNullable<Work['status']> {
  const generation = work.metadata.generation ?? 1;
  const { groups } = standing;
  const unscheduled = groups.filter((group) => group.targets.length === 0);
  const updates = [...conditionsOf(standing, generation), writtenCondition(standing, generation)].map((update) => ({ ...update, observedGeneration: generation }));
  return {
    ...work.status,
    workPlacements: groups.length,
    workPlacementsCreated: groups.length - unscheduled.length,
    conditions: setConditions(work.status?.conditions, updates, now),
  };
}

/**
 * In how many ms a status is worth a write. That a new Work is being written is so only when it takes a while: in most cases
 * the next thing to say is that it stands in the store, a moment later.
 */
export function newsInMs(work: Work, status: NonNullable<Work['status']>, now: number): number {
  const isUnderWay = work.status?.conditions === undefined && findCondition(status.conditions, 'Written')?.reason === 'ScheduledToDestination' && findCondition(status.conditions, 'Ready')?.reason === 'ScheduledToDestination';
  return isUnderWay ? Math.max(0, Date.parse(work.metadata.creationTimestamp ?? '') + UNDER_WAY_MS - now || 0) : 0;
}

/** Times of creation have whole seconds, so this is one to two of them. */
const UNDER_WAY_MS = 2_000;

function conditionsOf({ groups, placements, failedGroups = [] }: WorkStanding, generation: number): readonly ConditionUpdate[] {
  if (failedGroups.length > 0) {
    const reason = 'FailedToScheduleWorkloads';
    return [
      { type: 'ScheduleSucceeded', status: 'False', reason, message: `Failed to schedule or update for workloadGroups: ${listed(failedGroups)}` },
      { type: 'Ready', status: 'False', reason, message: 'Pending' },
    ];
  }
  const unscheduled = idsOf(groups.filter((group) => group.targets.length === 0));
  if (unscheduled.length > 0) {
    const reason = 'UnscheduledWorkloads';
    return [
      { type: 'ScheduleSucceeded', status: 'False', reason, message: `No matching destination found for workloadGroups: ${listed(unscheduled)}` },
      { type: 'Ready', status: 'False', reason, message: 'Pending' },
    ];
  }
  const misplaced = idsOf(groups.filter((group) => group.targets.some((target) => target.isMisplaced)));
  const failing = failingOf(placements).map(({ metadata }) => metadata.name);
  if (failing.length > 0) {
    const reason = 'WorkplacementsFailing';
    return [misplaced.length > 0 ? mismatch(misplaced) : { type: 'ScheduleSucceeded', status: 'False', reason, message: `Workplacements failed to write: ${listed(failing)}` }, { type: 'Ready', status: 'False', reason, message: 'Failing' }];
  }
  if (misplaced.length > 0) return [mismatch(misplaced), { type: 'Ready', status: 'False', reason: 'Misplaced', message: 'Misplaced' }];
  return [
    { type: 'ScheduleSucceeded', status: 'True', reason: 'AllWorkplacementsScheduled', message: 'All workplacements scheduled successfully' },
    areWritten(groups, placements, generation)
      ? { type: 'Ready', status: 'True', reason: 'AllWorkplacementsScheduled', message: 'Ready' }
      : { type: 'Ready', status: 'False', reason: 'ScheduledToDestination', message: 'Pending' },
  ];
}

/** Counts are left out, so that a Work with a hundred destinations is not written a hundred times. */
function writtenCondition({ groups, placements, destination }: WorkStanding, generation: number): ConditionUpdate {
  const type = 'Written';
  const [failing] = failingOf(placements);
  if (failing) {
    const cause = findCondition(failing.status?.conditions, 'WriteSucceeded')?.message ?? '';
    return { type, status: 'False', reason: 'WorkplacementsFailing', message: `${failing.spec?.targetDestinationName}: ${cause}` };
  }
  if (groups.some((group) => group.targets.length === 0)) return { type, status: 'Unknown', reason: 'UnscheduledWorkloads', message: 'Waiting for a Destination' };
  if (areWritten(groups, placements, generation)) return { type, status: 'True', reason: 'WorkloadsWrittenToStateStore', message: 'Every file stands in its state store', ...latestProof(placements.map(({ status }) => findCondition(status?.conditions, 'WriteSucceeded')?.provedAt)) };
  for (const placement of placements.filter((one) => !isPlacementWritten(one, generation)).sort(byName)) {
    const name = placement.spec?.targetDestinationName ?? '';
    const found = destination(name);
    const ready = findCondition(found?.status?.conditions, 'Ready');
    if (!found) return { type, status: 'Unknown', reason: 'WaitingForDestination', message: `Waiting for Destination ${name}: not found` };
    if (ready && ready.status !== 'True') return { type, status: 'Unknown', reason: 'WaitingForDestination', message: `Waiting for Destination ${name}: ${ready.message}` };
  }
  return { type, status: 'Unknown', reason: 'ScheduledToDestination', message: 'Being written' };
}

function areWritten(groups: readonly GroupPlacement[], placements: readonly WorkPlacement[], generation: number): boolean {
  const expected = groups.reduce((count, group) => count + group.targets.length, 0);
  return placements.every((placement) => !placement.metadata.deletionTimestamp) && placements.filter((placement) => isPlacementWritten(placement, generation)).length >= expected;
}

/** Whether the content that this generation of the Work has stands in the store. */
export const isPlacementWritten = (placement: WorkPlacement, generation: number): boolean =>
  placement.spec?.generation === generation && isTrue(placement.status?.conditions, 'WriteSucceeded', placement.metadata.generation);

const mismatch = (ids: readonly string[]): ConditionUpdate => ({
  type: 'ScheduleSucceeded',
  status: 'False',
  reason: 'DestinationSelectorMismatch',
  message: `Target destination no longer matches destinationSelectors for workloadGroups: ${listed(ids)}`,
});

const failingOf = (placements: readonly WorkPlacement[]): readonly WorkPlacement[] => placements.filter((placement) => findCondition(placement.status?.conditions, 'WriteSucceeded')?.status === 'False').sort(byName);
const byName = (left: WorkPlacement, right: WorkPlacement): number => (left.metadata.name < right.metadata.name ? -1 : 1);
const idsOf = (groups: readonly GroupPlacement[]): readonly string[] => groups.map(({ group }) => group.id ?? '');
/** As Go prints a list of texts. */
const listed = (items: readonly string[]): string => `[${items.join(' ')}]`;
