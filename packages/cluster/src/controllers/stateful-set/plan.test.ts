import type { PersistentVolumeClaim, Pod, StatefulSet } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { ordinalOf, planStatefulSet, revisionOf } from './plan.ts';

const set = (replicas: number, spec: object = {}): StatefulSet =>
  ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { namespace: 'default', name: 'db', uid: 's' }, spec: { replicas, selector: { matchLabels: { app: 'db' } }, template: { spec: { containers: [{ name: 'main', image: 'v1' }] } }, ...spec } }) as KubeObject as StatefulSet;
const pod = (ordinal: number, state: 'ready' | 'pending' | 'leaving' | 'failed' = 'ready', revision = revisionOf(set(0))): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: `db-${ordinal}`, labels: { 'controller-revision-hash': revision }, ...(state === 'leaving' ? { deletionTimestamp: 'x' } : {}) },
    status: { phase: state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running', conditions: [{ type: 'Ready', status: state === 'ready' ? 'True' : 'False' }] },
  }) as KubeObject as Pod;
const plan = (of: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[] = []): readonly string[] => {
  const byName = new Map(claims.map((claim) => [claim.metadata.name, claim]));
  return planStatefulSet({ set: of, pods, claims: byName }, 0).map((step) =>
    step.type === 'createPod' ? `+${step.pod.metadata.name}` : step.type === 'deletePod' ? `-${step.pod.metadata.name}` : `${step.type} ${step.claim.metadata.name}`,
  );
};

describe(planStatefulSet, () => {
  it('makes pods in order and waits for each to be ready', () => {
    expect(plan(set(3), [])).toEqual(['+db-0']);
    expect(plan(set(3), [pod(0, 'pending')])).toEqual([]);
    expect(plan(set(3), [pod(0)])).toEqual(['+db-1']);
    expect(plan(set(3), [pod(1)])).toEqual(['+db-0']);
    expect(plan(set(2), [pod(0), pod(1)])).toEqual([]);
  });

  it('makes all of them at once with Parallel', () => {
    expect(plan(set(3, { podManagementPolicy: 'Parallel' }), [pod(1, 'pending')])).toEqual(['+db-0', '+db-2']);
  });

  it('removes from the last, one at a time, and only when the others are ready', () => {
    expect(plan(set(1), [pod(0), pod(1), pod(2)])).toEqual(['-db-2']);
    expect(plan(set(1), [pod(0), pod(1), pod(2, 'leaving')])).toEqual([]);
    expect(plan(set(1), [pod(0, 'pending'), pod(1)])).toEqual([]);
    expect(plan(set(0), [pod(0, 'pending'), pod(1)])).toEqual(['-db-1']);
  });

  it('replaces a pod that has ended, and waits for one that is leaving', () => {
    expect(plan(set(2), [pod(0, 'failed'), pod(1)])).toEqual(['-db-0']);
    expect(plan(set(2), [pod(0, 'leaving'), pod(1)])).toEqual([]);
  });

  it('rolls a new template out from the last pod to the partition', () => {
    expect(plan(set(3), [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2, 'ready', 'old')])).toEqual(['-db-2']);
    expect(plan(set(3), [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2)])).toEqual(['-db-1']);
    expect(plan(set(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }), [pod(0, 'ready', 'old'), pod(1, 'ready', 'old'), pod(2)])).toEqual([]);
    expect(plan(set(1, { updateStrategy: { type: 'OnDelete' } }), [pod(0, 'ready', 'old')])).toEqual([]);
  });

  it('makes the claims of a pod before it, and waits for one that is being deleted', () => {
    const withClaims = set(1, { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] });
    expect(plan(withClaims, [])).toEqual(['createClaim data-db-0', '+db-0']);
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data-db-0' } } as PersistentVolumeClaim;
    expect(plan(withClaims, [], [claim])).toEqual(['+db-0']);
    expect(plan(withClaims, [], [{ ...claim, metadata: { ...claim.metadata, deletionTimestamp: 'x' } }])).toEqual([]);
  });
});

describe(ordinalOf, () => {
  it('knows the set’s own names only', () => {
    expect(['db-0', 'db-12', 'db-01', 'db-', 'db-x', 'other-0', 'db-0-1'].map((name) => ordinalOf(set(1), name))).toEqual([0, 12, undefined, undefined, undefined, undefined, undefined]);
  });
});
