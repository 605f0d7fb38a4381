import type { Destination, Work, WorkPlacement } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { planWork } from './plan.ts';
import { schedule } from './schedule.ts';
import { workStatus } from './status.ts';

const destination = (name: string, labels: Record<string, string> = {}, spec: object = {}): Destination => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name, labels }, spec: { path: name, ...spec } }) as Destination;
const work = (resourceName = 'one', matchLabels: Record<string, string> = { environment: 'dev' }, uid = 'u'): Work =>
  ({
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Work',
    metadata: { name: 'w', namespace: 'default', uid, generation: 2, finalizers: ['kratix.io/work-cleanup'] },
    spec: { promiseName: 'bucket', resourceName, workloadGroups: [{ id: '5058f1', directory: '.', destinationSelectors: [{ matchLabels, source: 'promise' }], workloads: [] }] },
  }) as Work;
const placement = (to: string, change: object = {}): WorkPlacement =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'WorkPlacement', metadata: { name: `w.${to}-5058f`, namespace: 'default', generation: 3 }, spec: { targetDestinationName: to, id: '5058f1', generation: 2 }, ...change }) as WorkPlacement;
const targets = (...args: Parameters<typeof schedule>) => schedule(...args)[0]!.targets;

describe(schedule, () => {
  const [a, b, prod] = [destination('a', { environment: 'dev' }), destination('b', { environment: 'dev' }), destination('prod', { environment: 'prod' })];

  it('gives what a request made to one destination that matches, always the same one', () => {
    const [first] = targets(work(), [a, b, prod], []);
    expect(['a', 'b']).toContain(first?.destination);
    expect(targets(work(), [prod, b, a], [])).toEqual([first]);
    const chosen = new Set(Array.from({ length: 40 }, (_, index) => targets(work('one', undefined, `u${index}`), [a, b, prod], [])[0]?.destination));
    expect([...chosen].sort()).toEqual(['a', 'b']);
  });
  it('gives what belongs to the Promise to every destination that matches', () => {
    expect(targets(work(''), [a, b, prod], [])).toEqual([{ destination: 'a', isMisplaced: false }, { destination: 'b', isMisplaced: false }]);
  });
  it('leaves files where they are, and marks them when the labels match no more', () => {
    expect(targets(work(), [a, prod], [placement('prod')])).toEqual([{ destination: 'prod', isMisplaced: true }]);
    expect(targets(work(''), [a, prod], [placement('prod')])).toEqual([{ destination: 'a', isMisplaced: false }, { destination: 'prod', isMisplaced: true }]);
  });
  it('takes only destinations that do not insist on labels when nothing is selected', () => {
    const strict = destination('strict', { zone: 'x' }, { strictMatchLabels: true });
    const bare = destination('bare', {}, { strictMatchLabels: true });
    expect(targets(work('', {}), [strict, bare, a], []).map(({ destination: name }) => name)).toEqual(['a', 'bare']);
  });
  it('never takes a destination that is being deleted', () => {
    expect(targets(work(), [{ ...a, metadata: { ...a.metadata, deletionTimestamp: 'now' } }], [])).toEqual([]);
  });
});

describe(planWork, () => {
  const [a] = [destination('a', { environment: 'dev' })];
  it('makes placements with their finalizer, brings new content to them, and deletes those of groups that are gone', () => {
    const { steps } = planWork({ work: work(), destinations: [a], placements: [] });
    expect(steps).toMatchObject([{ type: 'createPlacement', placement: { metadata: { name: 'w.a-5058f', finalizers: ['finalizers.workplacement.kratix.io/repo-cleanup'] }, spec: { generation: 2, targetDestinationName: 'a' } } }]);
    const old = placement('a', { spec: { targetDestinationName: 'a', id: '5058f1', generation: 1 } });
    const gone = placement('a', { metadata: { name: 'w.a-other', namespace: 'default' }, spec: { targetDestinationName: 'a', id: 'other' } });
    expect(planWork({ work: work(), destinations: [a], placements: [old, gone] }).steps.map(({ type }) => type)).toEqual(['updatePlacement', 'deletePlacement']);
  });
  it('holds a deleted Work until its placements are gone', () => {
    const deleted = { ...work(), metadata: { ...work().metadata, deletionTimestamp: 'now' } };
    expect(planWork({ work: deleted, destinations: [a], placements: [placement('a')] }).steps.map(({ type }) => type)).toEqual(['deletePlacement']);
    expect(planWork({ work: deleted, destinations: [a], placements: [] }).steps.map(({ type }) => type)).toEqual(['removeFinalizer']);
  });
});

describe(workStatus, () => {
  const groups = schedule(work(), [destination('a', { environment: 'dev' })], []);
  const written = (observedGeneration: number) => placement('a', { status: { conditions: [{ type: 'WriteSucceeded', status: 'True', observedGeneration }] } });
  const ready = (placements: readonly WorkPlacement[], of = groups) => workStatus(work(), of, placements, 0).conditions?.find(({ type }) => type === 'Ready');
  it('is ready only when the content of this generation stands in the store', () => {
    expect(ready([])).toMatchObject({ status: 'False', message: 'Pending' });
    expect(ready([written(2)])).toMatchObject({ status: 'False', message: 'Pending' });
    expect(ready([written(3)])).toMatchObject({ status: 'True', message: 'Ready', observedGeneration: 2 });
  });
  it('names what failed and what has no destination', () => {
    expect(ready([placement('a', { status: { conditions: [{ type: 'WriteSucceeded', status: 'False' }] } })])).toMatchObject({ reason: 'WorkplacementsFailing', message: 'Failing' });
    const nowhere = workStatus(work(), schedule(work(), [], []), [], 0);
    expect(nowhere).toMatchObject({ workPlacements: 1, workPlacementsCreated: 0 });
    expect(nowhere.conditions).toMatchObject([{ type: 'Ready', reason: 'UnscheduledWorkloads', message: 'Pending' }, { message: 'No matching destination found for workloadGroups: [5058f1]' }]);
  });
});
