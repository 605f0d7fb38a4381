import type { Deployment, Pod, ReplicaSet } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { planDeployment, rollingBounds, type DeploymentSnapshot, type DeploymentStep } from './plan.ts';

const template = (image: string) => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } });
const deployment = (replicas: number, spec: object = {}): Deployment =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'default', name: 'web', uid: 'd' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('v2'), ...spec } }) as KubeObject as Deployment;
const replicaSet = (image: string, replicas: number, available = replicas, revision = '1'): ReplicaSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { namespace: 'default', name: `web-${image}`, uid: image, annotations: { 'deployment.kubernetes.io/revision': revision } },
    spec: { replicas, template: { ...template(image), metadata: { labels: { app: 'web', 'pod-template-hash': image } } } },
    status: { replicas, availableReplicas: available },
  }) as KubeObject as ReplicaSet;
const show = (step: DeploymentStep): string =>
  step.type === 'create' ? `create ${step.replicaSet.spec?.replicas}` : step.type === 'delete' ? `delete ${step.replicaSet.metadata.name}` : `${step.replicaSet.metadata.name} -> ${step.replicas}${step.revision ? ` (${step.revision})` : ''}`;
const plan = (deploymentOf: Deployment, replicaSets: readonly ReplicaSet[], pods: readonly Pod[] = []): readonly string[] => {
  const snapshot: DeploymentSnapshot = { deployment: deploymentOf, replicaSets, pods };
  return planDeployment(snapshot).map(show);
};

describe(planDeployment, () => {
  it('makes the first ReplicaSet with all replicas, named by a hash that its pods carry as a label', () => {
    const [step] = planDeployment({ deployment: deployment(3), replicaSets: [], pods: [] });
    expect(step).toMatchObject({ type: 'create', replicaSet: { spec: { replicas: 3 }, metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } } } });
    const made = step!.replicaSet;
    const hash = made.spec?.template?.metadata?.labels?.['pod-template-hash'];
    expect(made.metadata.name).toBe(`web-${hash}`);
    expect(made.spec?.selector?.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
  });

  it('lets the new ReplicaSet grow by the surge, and the old one shrink only as new pods are available', () => {
    expect(plan(deployment(4), [replicaSet('v1', 4)])).toEqual(['create 1']);
    expect(plan(deployment(4), [replicaSet('v1', 4), replicaSet('v2', 1, 0, '2')])).toEqual(['web-v1 -> 3']);
    expect(plan(deployment(4), [replicaSet('v1', 3), replicaSet('v2', 1, 0, '2')])).toEqual(['web-v2 -> 2 (2)']);
    expect(plan(deployment(4), [replicaSet('v1', 3), replicaSet('v2', 2, 0, '2')])).toEqual([]);
    expect(plan(deployment(4), [replicaSet('v1', 3), replicaSet('v2', 2, 2, '2')])).toEqual(['web-v1 -> 1']);
    expect(plan(deployment(4), [replicaSet('v1', 0), replicaSet('v2', 4, 4, '2')])).toEqual([]);
  });

  it('takes old pods that are not available first', () => {
    expect(plan(deployment(4), [replicaSet('v1', 4, 1), replicaSet('v2', 1, 0, '2')])).toEqual(['web-v1 -> 3']);
  });

  it('waits with Recreate until the last old pod is gone', () => {
    const recreate = deployment(2, { strategy: { type: 'Recreate' } });
    expect(plan(recreate, [replicaSet('v1', 2)])).toEqual(['web-v1 -> 0']);
    const leaving = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', deletionTimestamp: 'x', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-v1', uid: 'v1', controller: true }] } } as KubeObject as Pod;
    expect(plan(recreate, [replicaSet('v1', 0)], [leaving])).toEqual([]);
    expect(plan(recreate, [replicaSet('v1', 0)])).toEqual(['create 2']);
  });

  it('gives a ReplicaSet that comes back the newest revision', () => {
    expect(plan(deployment(1), [replicaSet('v1', 1, 1, '4'), replicaSet('v2', 0, 0, '3')])).toEqual(['web-v2 -> 1 (5)']);
  });

  it('forgets the oldest revisions beyond the limit', () => {
    const old = ['1', '2', '3'].map((revision) => replicaSet(`old${revision}`, 0, 0, revision));
    expect(plan(deployment(1, { revisionHistoryLimit: 1 }), [...old, replicaSet('v2', 1, 1, '4')])).toEqual(['delete web-old1', 'delete web-old2']);
  });

  it('only scales while it is paused', () => {
    expect(plan(deployment(3, { paused: true }), [replicaSet('v1', 1)])).toEqual([]);
    expect(plan(deployment(3, { paused: true }), [replicaSet('v2', 1)])).toEqual(['web-v2 -> 3']);
  });
});

describe(rollingBounds, () => {
  it('rounds the surge up and what may be unavailable down, and never to a standstill', () => {
    expect(rollingBounds(deployment(3))).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(rollingBounds(deployment(10, { strategy: { rollingUpdate: { maxSurge: '15%', maxUnavailable: 2 } } }))).toEqual({ maxSurge: 2, maxUnavailable: 2 });
    expect(rollingBounds(deployment(3, { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '10%' } } }))).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});
