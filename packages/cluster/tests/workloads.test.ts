import { deployments, persistentVolumeClaims, persistentVolumes, pods, replicaSets, statefulSets, type Deployment, type PersistentVolumeClaim, type Pod, type ReplicaSet, type StatefulSet } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Program } from '../src/index.ts';
import { forever, programs } from './programs.ts';
import { startWorld, type World } from './world.ts';

const podsOf = async ({ plane }: World): Promise<readonly Pod[]> =>
  (await plane.client.list<Pod>(pods, { namespace: 'default' })).items.toSorted((left, right) => left.metadata.name.localeCompare(right.metadata.name));
const running = async (world: World): Promise<readonly string[]> =>
  (await podsOf(world)).filter((pod) => pod.status?.phase === 'Running' && !pod.metadata.deletionTimestamp).map((pod) => pod.metadata.name);

const key = { namespace: 'default', name: 'web' };
const template = (image: string, more: object = {}) => ({ metadata: { labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, ...more }] } });
const deployment = (replicas: number, image = 'v1', spec: object = {}): Deployment =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: key, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image), ...spec } }) as KubeObject as Deployment;

describe('a Deployment', () => {
  it('rolls over to a new template without falling below what must be available', async () => {
    const seen: number[] = [];
    await using world = await startWorld({ catalogue: programs({ v1: forever, v2: forever }) });
    const { client } = world.plane;
    await client.create(deployments, deployment(3));
    const rolledOut = async (revision: string): Promise<void> => {
      const now = await client.get<Deployment>(deployments, key);
      expect(now.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe(revision);
      expect(now.status).toMatchObject({ observedGeneration: now.metadata.generation, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
      expect(now.status?.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`).toSorted()).toEqual([
        'Available=True/MinimumReplicasAvailable',
        'Progressing=True/NewReplicaSetAvailable',
      ]);
    };
    await eventually(() => rolledOut('1'));
    expect((await running(world)).every((name) => /^web-[a-z0-9]{10}-[a-z0-9]{5}$/.test(name))).toBe(true);
    const unsubscribe = world.cluster.cache.informer<Pod>(pods).subscribe({
      updated: () => seen.push(world.cluster.cache.informer<Pod>(pods).list().filter((pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && !pod.metadata.deletionTimestamp).length),
    });
    await client.patch(deployments, key, 'merge', { spec: { template: template('v2') } });
    await eventually(() => rolledOut('2'));
    unsubscribe();
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(3);
    await eventually(async () => expect(await podsOf(world)).toHaveLength(3));
    expect((await podsOf(world)).every((pod) => pod.spec?.containers[0]?.image === 'v2')).toBe(true);
    const sets = (await client.list<ReplicaSet>(replicaSets, { namespace: 'default' })).items;
    expect(sets.map((set) => set.spec?.replicas).toSorted()).toEqual([0, 3]);
  });

  it('ends all old pods before it makes new ones, with Recreate', async () => {
    const now = new Set<string>();
    const watched = (version: string): Program => async (context) => {
      expect([...now].every((each) => each === version)).toBe(true);
      now.add(version);
      const code = await forever(context);
      now.delete(version);
      return code;
    };
    await using world = await startWorld({ catalogue: programs({ v1: watched('v1'), v2: watched('v2') }) });
    const { client } = world.plane;
    await client.create(deployments, deployment(1, 'v1', { strategy: { type: 'Recreate' } }));
    await eventually(async () => expect(await running(world)).toHaveLength(1));
    await client.patch(deployments, key, 'merge', { spec: { template: template('v2') } });
    await eventually(async () => expect((await podsOf(world)).map((pod) => `${pod.spec?.containers[0]?.image} ${pod.status?.phase}`)).toEqual(['v2 Running']));
  });

  it('replaces a pod that is deleted, and takes its pods along when it is deleted itself', async () => {
    await using world = await startWorld({ catalogue: programs({ v1: forever }) });
    const { client } = world.plane;
    await client.create(deployments, deployment(1));
    await eventually(async () => expect(await running(world)).toHaveLength(1));
    const [first] = await running(world);
    await client.delete(pods, { namespace: 'default', name: first! });
    await eventually(async () => expect(await running(world)).toEqual([expect.not.stringMatching(first!)]));
    await client.delete(deployments, key);
    await eventually(async () => {
      expect(await podsOf(world)).toEqual([]);
      expect((await client.list(replicaSets, { namespace: 'default' })).items).toEqual([]);
    });
  });

  it('shows a container that keeps ending as CrashLoopBackOff, with its last words', async () => {
    await using world = await startWorld({ catalogue: programs({ v1: async ({ log }) => (log('no configuration'), 7) }) });
    await world.plane.client.create(deployments, deployment(1));
    await eventually(async () => {
      const [pod] = await podsOf(world);
      const [status] = pod!.status!.containerStatuses!;
      expect(status).toMatchObject({ restartCount: 1, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 7, reason: 'Error', message: 'no configuration' } } });
      expect(status!.state!.waiting!.message).toBe(`back-off 10s restarting failed container=main pod=${pod!.metadata.name}_default(${pod!.metadata.uid})`);
      expect(pod!.status!.phase).toBe('Running');
    });
  });
});

const statefulSet = (replicas: number, spec: object = {}, image = 'v1'): StatefulSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: key,
    spec: {
      replicas,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: template(image, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
      ...spec,
    },
  }) as KubeObject as StatefulSet;

describe('a StatefulSet', () => {
  it('makes its pods one after the other, each with a claim of its own, and removes them from the last', async () => {
    const order: string[] = [];
    await using world = await startWorld({
      catalogue: programs({
        v1: async (context) => {
          order.push(`+${context.pod.metadata.name}`);
          context.setReady(false);
          setTimeout(() => context.setReady(true), 5);
          const code = await forever(context);
          order.push(`-${context.pod.metadata.name}`);
          return code;
        },
      }),
    });
    const { client } = world.plane;
    await client.create(statefulSets, statefulSet(3));
    await eventually(async () => {
      const now = await client.get<StatefulSet>(statefulSets, key);
      expect(now.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3 });
      expect(now.status?.currentRevision).toBe(now.status?.updateRevision);
    });
    expect(order).toEqual(['+web-0', '+web-1', '+web-2']);
    await eventually(async () => {
      const claims = (await client.list<PersistentVolumeClaim>(persistentVolumeClaims, { namespace: 'default' })).items;
      expect(claims.map(({ metadata, status }) => [metadata.name, status?.phase, status?.capacity?.['storage']])).toEqual([
        ['data-web-0', 'Bound', '1Gi'],
        ['data-web-1', 'Bound', '1Gi'],
        ['data-web-2', 'Bound', '1Gi'],
      ]);
    });
    const addresses = (await podsOf(world)).map((pod) => pod.status?.podIP);
    expect(new Set(addresses).size).toBe(3);
    await client.patch(statefulSets, key, 'merge', { spec: { replicas: 1 } });
    await eventually(async () => expect(await running(world)).toEqual(['web-0']));
    expect(order.slice(3)).toEqual(['-web-2', '-web-1']);
  });

  it('gives a pod that is made again its name and its data', async () => {
    await using world = await startWorld({
      catalogue: programs({
        v1: async (context) => {
          const file = join(context.mounts.get('/data')!, 'visits');
          const visits = (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0) + 1;
          writeFileSync(file, String(visits));
          context.log(`visit ${visits}`);
          return forever(context);
        },
      }),
    });
    const { client } = world.plane;
    await client.create(statefulSets, statefulSet(1));
    const log = async (): Promise<unknown> => (await client.request({ method: 'GET', path: '/api/v1/namespaces/default/pods/web-0/log' })).body;
    await eventually(async () => expect(await log()).toBe('visit 1\n'));
    await client.delete(pods, { namespace: 'default', name: 'web-0' });
    await eventually(async () => expect(await log()).toBe('visit 2\n'));
  });

  it('adopts its pods when it was deleted without them and is made again', async () => {
    await using world = await startWorld({ catalogue: programs({ v1: forever }) });
    const { client } = world.plane;
    await client.create(statefulSets, statefulSet(1, { updateStrategy: { type: 'OnDelete' } }));
    await eventually(async () => expect(await running(world)).toEqual(['web-0']));
    const [before] = await podsOf(world);
    await client.delete(statefulSets, key, { propagationPolicy: 'Orphan' });
    await eventually(async () => expect(await client.find(statefulSets, key)).toBeUndefined());
    expect((await podsOf(world))[0]!.metadata.ownerReferences ?? []).toEqual([]);
    const again = await client.create(statefulSets, statefulSet(1, { updateStrategy: { type: 'OnDelete' } }));
    await eventually(async () => {
      const [now] = await podsOf(world);
      expect(now!.metadata.uid).toBe(before!.metadata.uid);
      expect(now!.metadata.ownerReferences?.[0]?.uid).toBe(again.metadata.uid);
    });
  });

  it('replaces its pods from the last when its template changes, and none of them with OnDelete', async () => {
    await using world = await startWorld({ catalogue: programs({ v1: forever, v2: forever }) });
    const { client } = world.plane;
    await client.create(statefulSets, statefulSet(2));
    await eventually(async () => expect(await running(world)).toEqual(['web-0', 'web-1']));
    const changed = statefulSet(2, {}, 'v2').spec!.template;
    await client.patch(statefulSets, key, 'merge', { spec: { template: changed } });
    await eventually(async () => expect((await podsOf(world)).map((pod) => `${pod.spec?.containers[0]?.image} ${pod.status?.phase}`)).toEqual(['v2 Running', 'v2 Running']));
    await client.patch(statefulSets, key, 'merge', { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null }, template: statefulSet(2).spec!.template } });
    await eventually(async () => {
      const now = await client.get<StatefulSet>(statefulSets, key);
      expect(now.status?.observedGeneration).toBe(now.metadata.generation);
    });
    expect((await podsOf(world)).map((pod) => pod.spec?.containers[0]?.image)).toEqual(['v2', 'v2']);
  });

  it('keeps the data of a claim until no pod uses it any more, then removes it', async () => {
    await using world = await startWorld({ catalogue: programs({ v1: forever }) });
    const { client } = world.plane;
    await client.create(statefulSets, statefulSet(1));
    const claimKey = { namespace: 'default', name: 'data-web-0' };
    const claim = await eventually(async () => {
      const now = await client.get<PersistentVolumeClaim>(persistentVolumeClaims, claimKey);
      expect(now.status?.phase).toBe('Bound');
      expect(await running(world)).toEqual(['web-0']);
      return now;
    });
    const path = join(world.dataDir, 'volumes', `pvc-${claim.metadata.uid}`);
    await client.delete(persistentVolumeClaims, claimKey);
    expect((await client.get<PersistentVolumeClaim>(persistentVolumeClaims, claimKey)).metadata.finalizers).toContain('kubernetes.io/pvc-protection');
    expect(existsSync(path)).toBe(true);
    await client.delete(statefulSets, key);
    await eventually(async () => {
      expect(await client.find(persistentVolumeClaims, claimKey)).toBeUndefined();
      expect((await client.list(persistentVolumes)).items).toEqual([]);
      expect(existsSync(path)).toBe(false);
    });
  });
});
