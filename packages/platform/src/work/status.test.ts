import type { Destination, WorkPlacement } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { schedule } from './schedule.ts';
import { newsInMs, type WorkStanding, workStatus } from './status.ts';
import { destination, placement, work, writeSucceeded } from './test-objects.ts';

const a = destination('a', { environment: 'dev' });
const conditions = (placements: readonly WorkPlacement[], destinations: readonly Destination[] = [a], more: Partial<WorkStanding> = {}) =>
  Object.fromEntries(
    workStatus(work(), { groups: schedule(work(), destinations, placements), placements, destination: (name) => destinations.find(({ metadata }) => metadata.name === name), ...more }, 0).conditions!.map((condition) => [
      condition.type,
      `${condition.status} / ${condition.reason} / ${condition.message}`,
    ]),
  );

describe(workStatus, () => {
  it('is ready only when the content of this generation stands in the store', () => {
    expect(conditions([]).Ready).toBe('False / ScheduledToDestination / Pending');
    expect(conditions([placement('a', writeSucceeded('True', 2))]).Ready).toBe('False / ScheduledToDestination / Pending');
    expect(conditions([placement('a', writeSucceeded('True'))])).toEqual({
      ScheduleSucceeded: 'True / AllWorkplacementsScheduled / All workplacements scheduled successfully',
      Ready: 'True / AllWorkplacementsScheduled / Ready',
      Written: 'True / WorkloadsWrittenToStateStore / Every file stands in its state store',
    });
  });
  it('says what has no destination', () => {
    expect(conditions([], [])).toEqual({
      ScheduleSucceeded: 'False / UnscheduledWorkloads / No matching destination found for workloadGroups: [5058f1]',
      Ready: 'False / UnscheduledWorkloads / Pending',
      Written: 'Unknown / UnscheduledWorkloads / Waiting for a Destination',
    });
  });
  it('says what is misplaced', () => {
    expect(conditions([placement('a', writeSucceeded('True'))], [destination('a')])).toEqual({
      ScheduleSucceeded: 'False / DestinationSelectorMismatch / Target destination no longer matches destinationSelectors for workloadGroups: [5058f1]',
      Ready: 'False / Misplaced / Misplaced',
      Written: 'True / WorkloadsWrittenToStateStore / Every file stands in its state store',
    });
  });
  it('says what could not be written, and why', () => {
    expect(conditions([placement('a', writeSucceeded('False', 3, 'the branch is protected'))])).toEqual({
      ScheduleSucceeded: 'False / WorkplacementsFailing / Workplacements failed to write: [w.a-5058f]',
      Ready: 'False / WorkplacementsFailing / Failing',
      Written: 'False / WorkplacementsFailing / a: the branch is protected',
    });
  });
  it('says what could not be scheduled', () => {
    expect(conditions([], [a], { failedGroups: ['5058f1'] })).toMatchObject({
      ScheduleSucceeded: 'False / FailedToScheduleWorkloads / Failed to schedule or update for workloadGroups: [5058f1]',
      Ready: 'False / FailedToScheduleWorkloads / Pending',
    });
  });
  it('says which destination it waits for when that is not ready', () => {
    const notReady = { ...a, status: { conditions: [{ type: 'Ready', status: 'False', message: 'GitStateStore/default: not ready' }] } } as unknown as Destination;
    expect(conditions([placement('a')], [notReady]).Written).toBe('Unknown / WaitingForDestination / Waiting for Destination a: GitStateStore/default: not ready');
    expect(conditions([placement('a')]).Written).toBe('Unknown / ScheduledToDestination / Being written');
  });
  it('counts groups, not placements', () => {
    expect(workStatus(work(), { groups: schedule(work(), [], []), placements: [], destination: () => undefined }, 0)).toMatchObject({ workPlacements: 1, workPlacementsCreated: 0 });
  });
});

describe(newsInMs, () => {
  const created = Date.parse('2026-01-01T00:00:00Z');
  const fresh = { ...work(), metadata: { ...work().metadata, creationTimestamp: '2026-01-01T00:00:00Z' } };
  const wait = (placements: readonly WorkPlacement[], now: number, of = fresh): number => {
    const destinations = placements.length > 0 ? [a] : [];
    const standing = { groups: schedule(of, destinations, placements), placements, destination: () => a };
    return newsInMs(of, workStatus(of, standing, now), now);
  };

  it('lets a while pass before it says of a new Work that it is being written', () => {
    expect([0, 500, 2_000, 60_000].map((age) => wait([placement('a')], created + age))).toEqual([2_000, 1_500, 0, 0]);
  });
  it('says everything else at once', () => {
    expect(wait([placement('a', writeSucceeded('True'))], created)).toBe(0);
    expect(wait([placement('a', writeSucceeded('False', 3, 'no'))], created)).toBe(0);
    expect(wait([], created)).toBe(0);
    expect(wait([placement('a')], created, { ...fresh, status: { conditions: [] } })).toBe(0);
    expect(wait([placement('a')], created, { ...fresh, metadata: { ...fresh.metadata, creationTimestamp: '' } })).toBe(0);
  });
});
