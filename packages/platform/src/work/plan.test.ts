import { describe, expect, it } from 'vitest';
import { planWork } from './plan.ts';
import { destination, placement, work } from './test-objects.ts';

const a = destination('a', { environment: 'dev' });
const types = (...args: Parameters<typeof planWork>) => planWork(...args).steps.map(({ type }) => type);

describe(planWork, () => {
  it('makes placements with labels, owner and finalizer from birth', () => {
    const { steps } = planWork({ work: work('one', undefined, { labels: { 'kratix.io/pipeline-name': 'make' } }), destinations: [a], placements: [] });
    expect(steps).toEqual([
      {
        type: 'createPlacement',
        placement: {
          apiVersion: 'platform.kratix.io/v1alpha1',
          kind: 'WorkPlacement',
          metadata: {
            name: 'w.a-5058f',
            namespace: 'default',
            labels: { 'kratix.io/work': 'w', 'kratix.io/workload-group-id': '5058f1', 'kratix.io/targetDestinationName': 'a', 'kratix.io/pipeline-name': 'make' },
            finalizers: ['finalizers.workplacement.kratix.io/repo-cleanup'],
            ownerReferences: [{ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Work', name: 'w', uid: 'u', controller: true, blockOwnerDeletion: true }],
          },
          spec: { targetDestinationName: 'a', workloads: [], promiseName: 'bucket', resourceName: 'one', id: '5058f1', generation: 2 },
        },
      },
    ]);
  });
  it('copies the annotations of the Work, but not those of kubectl, so that the trace of the last run goes on', () => {
    const annotated = work('one', undefined, { annotations: { note: 'x', 'kratix.io/trace-parent': 'new', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } });
    const created = planWork({ work: annotated, destinations: [a], placements: [] });
    expect(created.steps).toMatchObject([{ placement: { metadata: { annotations: { note: 'x', 'kratix.io/trace-parent': 'new' } } } }]);
    expect(JSON.stringify(created.steps)).not.toContain('kubectl');
    const traced = placement('a', { metadata: { ...placement('a').metadata, annotations: { 'kratix.io/trace-parent': 'old' } } });
    expect(planWork({ work: annotated, destinations: [a], placements: [traced] }).steps).toMatchObject([{ type: 'updatePlacement', placement: { metadata: { annotations: { note: 'x', 'kratix.io/trace-parent': 'new' } } } }]);
  });
  it('brings new content to placements and deletes those of groups that are gone', () => {
    const old = placement('a', { spec: { targetDestinationName: 'a', id: '5058f1', generation: 1 } });
    const gone = placement('a', { metadata: { name: 'w.a-other', namespace: 'default' }, spec: { targetDestinationName: 'a', id: 'other' } });
    expect(types({ work: work(), destinations: [a], placements: [old, gone] })).toEqual(['updatePlacement', 'deletePlacement']);
  });
  it('marks a placement that is misplaced, takes the mark away when it matches again, and then has nothing to do', () => {
    const [created] = planWork({ work: work(), destinations: [a], placements: [] }).steps;
    const standing = (created as { placement: ReturnType<typeof placement> }).placement;
    expect(types({ work: work(), destinations: [a], placements: [standing] })).toEqual([]);
    const [marked] = planWork({ work: work(), destinations: [destination('a')], placements: [standing] }).steps;
    expect(marked).toMatchObject({ type: 'updatePlacement', wasMisplaced: false, placement: { metadata: { labels: { 'kratix.io/misplaced': 'true' } } } });
    const misplaced = (marked as { placement: ReturnType<typeof placement> }).placement;
    expect(types({ work: work(), destinations: [destination('a')], placements: [misplaced] })).toEqual([]);
    const [again] = planWork({ work: work(), destinations: [a], placements: [misplaced] }).steps;
    expect(again).toMatchObject({ type: 'updatePlacement', wasMisplaced: true });
    expect((again as { placement: ReturnType<typeof placement> }).placement.metadata.labels).toEqual(standing.metadata.labels);
  });
  it('holds a deleted Work until its placements are gone', () => {
    const deleted = work('one', undefined, { deletionTimestamp: 'now' });
    expect(types({ work: deleted, destinations: [a], placements: [placement('a')] })).toEqual(['deletePlacement']);
    expect(types({ work: deleted, destinations: [a], placements: [] })).toEqual(['removeFinalizer']);
  });
});
