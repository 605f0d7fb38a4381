import type { AgentReport, Destination, WorkPlacement } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { placementStanding, type PlacementView } from './placement-standing.ts';

const REVISION = 'd1'.repeat(32);
const placement = { metadata: { name: 'one', generation: 1 }, spec: { targetDestinationName: 'worker' }, status: { versionID: '1a2b3c4d', conditions: [{ type: 'WriteSucceeded', status: 'True' }] } } as unknown as WorkPlacement;
const kustomization = { name: 'resources', source: 'kratix', sourceKind: 'Bucket', path: 'worker/resources', lastAppliedRevision: `sha256:${REVISION}`, lastAttemptedRevision: `sha256:${REVISION}`, ready: 'True', appliedAt: '2026-11-22T21:04:05Z' } as const;
const bucket = { kind: 'Bucket', name: 'kratix', ready: 'True', revision: `sha256:${REVISION}` } as const;
const report = (source: object = {}, unit: object = {}): AgentReport => ({ reportedAt: '2026-11-22T21:04:06Z', sources: [{ kind: 'GitRepository', name: 'kratix', ready: 'False', message: 'no' }, { ...bucket, ...source }], kustomizations: [{ ...kustomization, ...unit }] });
const view = (agent: AgentReport, extra: Partial<PlacementView> = {}): PlacementView => ({
  placement,
  destination: { metadata: { name: 'worker' }, spec: { stateStoreRef: { kind: 'BucketStateStore', name: 'archive' } }, status: { agent } } as Destination,
  paths: ['worker/resources/default/bucket/one'],
  index: { failureOf: () => undefined, unhealthyOf: () => [] },
  provedIn: 'point',
  contains: (revision, point) => revision === REVISION && point === 'point',
  silentSince: undefined,
  ...extra,
});

describe('a placement in a bucket', () => {
  it('is applied when a state is that is known to hold it', () => {
    expect(placementStanding(view(report()))).toMatchObject({ type: 'applied', commit: '1a2b3c4d', word: 'version', provedAt: '2026-11-22T21:04:05Z' });
    expect(placementStanding(view(report(), { contains: () => false }))).toEqual({ type: 'pending', destination: 'worker', commit: '1a2b3c4d', word: 'version' });
  });

  it('says what is not known of a state that nobody saw', () => {
    const unseen = { contains: () => undefined };
    expect(placementStanding(view(report(), unseen))).toMatchObject({ type: 'undecided', trouble: expect.stringContaining('read while the bucket was being written') });
    // The bucket's own trouble, and not that of a GitRepository with its name.
    expect(placementStanding(view(report({ ready: 'False', message: "bucket 'store' not found" }), unseen))).toMatchObject({ type: 'undecided', trouble: "Bucket kratix: bucket 'store' not found" });
  });

  it('is none of a source that takes another part of the bucket, or leaves some of it out', () => {
    expect(placementStanding(view(report({ prefix: 'worker/' })))).toMatchObject({ type: 'applied' });
    expect(placementStanding(view(report({ prefix: 'other/' }, { path: '' })))).toMatchObject({ type: 'notReported', why: 'no Kustomization of Destination worker applies worker/resources/default/bucket/one' });
    expect(placementStanding(view(report({ isFiltered: true })))).toMatchObject({ type: 'notReported', why: 'the Bucket kratix of Destination worker leaves objects out (spec.ignore), so what it takes cannot be compared with what was written' });
  });
});
