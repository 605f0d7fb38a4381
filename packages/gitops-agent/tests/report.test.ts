import { crdOf, deployments, destinations, jobs, kustomizations, leases, pods, type AgentReport, type Destination, type Lease } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { silentLogger } from '@plinth/controller-runtime';
import { eventually, fakeClock, type FakeClock } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { reporterManifests, startDestinationReporter } from '../src/index.ts';
import { configMap, world, type World } from './world.ts';

const LEASES = 'kratix-platform-system';

/** A cluster that is its own platform, with a Destination and somebody who may report of it and nothing else. */
async function reported(clock?: FakeClock): Promise<{ readonly w: World; readonly report: () => Promise<AgentReport>; readonly start: (cluster?: Client) => AsyncDisposable } & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const w = undo.use(await world());
  const { client } = w.plane;
  await create(w, crdOf(destinations));
  await create(w, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASES } } as KubeObject);
  for (const manifest of reporterManifests('worker', 'plinth:destination:worker')) await create(w, manifest);
  await eventually(async () => (await client.create<Destination>(destinations, { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name: 'worker' }, spec: { path: '.' } })) !== undefined);
  await w.createSource();
  await w.createUnit('all');
  const start = (cluster = client): AsyncDisposable =>
    startDestinationReporter({ cluster, platform: w.plane.clientFor('plinth:destination:worker'), destination: 'worker', signal: new AbortController().signal, log: silentLogger, ...(clock ? { clock } : {}) });
  const owned = undo.move();
  return {
    w,
    start: (cluster) => owned.use(start(cluster)),
    report: async () => (await client.get<Destination>(destinations, { name: 'worker' })).status?.agent ?? {},
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function create({ plane }: World, object: KubeObject): Promise<void> {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const resource = await plane.client.resolve({ group: group!, version: version!, kind: object.kind });
  await plane.client.create(resource!, object);
}

describe('the reporter of a destination', () => {
  it('says which revision is applied, and which object was refused and why', async () => {
    await using world = await reported();
    const { w, report, start } = world;
    await w.startAgent();
    start();
    const commit = await w.push({ 'good.yaml': configMap('good', { a: '1' }) });
    await eventually(async () => {
      const seen = await report();
      expect(seen.kustomizations?.[0]).toMatchObject({ name: 'all', source: 'kratix', path: '', lastAppliedRevision: `main@sha1:${commit}`, ready: 'True', appliedAt: expect.any(String) });
      expect(seen.sources).toEqual([expect.objectContaining({ kind: 'GitRepository', name: 'kratix', revision: `main@sha1:${commit}`, ready: 'True' })]);
      expect(seen.unhealthy).toEqual([]);
    });

    const bad = await w.push({ 'bad/bad.yaml': configMap('Bad_Name', {}), 'bad/torn.yaml': 'a: [' });
    await eventually(async () => {
      const [unit] = (await report()).kustomizations ?? [];
      expect(unit).toMatchObject({ lastAppliedRevision: `main@sha1:${commit}`, lastAttemptedRevision: `main@sha1:${bad}`, partial: true, failureCount: 2 });
      expect(unit?.failures).toEqual([
        { path: 'bad/bad.yaml', apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'Bad_Name', message: expect.stringContaining('metadata.name') },
        { path: 'bad/torn.yaml', message: expect.stringContaining('bad/torn.yaml') },
      ]);
    });
  });

  it('names what does not work with the first real reason of its pods, and takes it back', async () => {
    await using world = await reported();
    const { w, report, start } = world;
    await w.startAgent();
    start();
    const spec = { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'nope' }] } } };
    await w.push({ 'web.yaml': JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' }, spec }) });
    const first = await eventually(async () => {
      const [one] = (await report()).unhealthy ?? [];
      expect(one).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', reason: 'InProgress' });
      return one;
    });
    await w.plane.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'default', labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'nope' }] } } as KubeObject);
    const status = { phase: 'Pending', containerStatuses: [{ name: 'main', ready: false, restartCount: 0, image: 'nope', imageID: '', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image: nope' } } }] };
    await w.plane.client.patch(pods, { namespace: 'default', name: 'web-1' }, 'merge', { status }, { subresource: 'status' });
    await eventually(async () => {
      expect((await report()).unhealthy).toEqual([{ ...first, reason: 'ImagePullBackOff', message: 'pod web-1, container main: no such image: nope' }]);
    });
    await w.plane.client.patch(deployments, { namespace: 'default', name: 'web' }, 'merge', { status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } }, { subresource: 'status' });
    await eventually(async () => expect((await report()).unhealthy).toEqual([]));
  });

  it('misses what somebody deleted, and not a Job whose time was over', async () => {
    await using world = await reported();
    const { w, report, start } = world;
    const { client } = w.plane;
    await w.startAgent();
    start();
    const spec = { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'nope' }] } } };
    const job = (name: string, more = {}): string => JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' }, spec: { ...spec, ...more } });
    const commit = await w.push({ 'lost.yaml': job('lost'), 'over.yaml': job('over', { ttlSecondsAfterFinished: 60 }) });
    await eventually(async () => expect(await client.find(jobs, { namespace: 'default', name: 'over' })).toBeDefined());
    const at = '2026-11-22T21:04:05Z';
    const done = { status: { startTime: at, completionTime: at, succeeded: 1, conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True', lastTransitionTime: at })) } };
    for (const name of ['lost', 'over']) await client.patch(jobs, { namespace: 'default', name }, 'merge', done, { subresource: 'status' });
    await eventually(async () => expect(await report()).toMatchObject({ kustomizations: [{ lastAppliedRevision: `main@sha1:${commit}` }], unhealthy: [] }));
    // The agent would put it back.
    await client.patch(kustomizations, { namespace: 'flux-system', name: 'all' }, 'merge', { spec: { suspend: true } });
    for (const name of ['over', 'lost']) await client.delete(jobs, { namespace: 'default', name }, { propagationPolicy: 'Background' });
    await eventually(async () => expect((await report()).unhealthy).toMatchObject([{ kind: 'Job', name: 'lost', reason: 'Missing' }]));
  });

  it('renews its Lease, writes nothing when there is no news, and reports again what somebody took away', async () => {
    const clock = fakeClock();
    await using world = await reported(clock);
    const { w, report, start } = world;
    await w.startAgent();
    const commit = await w.push({ 'good.yaml': configMap('good', { a: '1' }) });
    await w.settled('all', commit);
    start();
    const lease = () => w.plane.client.get<Lease>(leases, { namespace: LEASES, name: 'destination-worker' });
    const destination = () => w.plane.client.get<Destination>(destinations, { name: 'worker' });
    const before = await eventually(async () => {
      const found = await lease();
      expect(found.spec).toMatchObject({ leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' });
      const seen = await destination();
      expect([seen.status?.agent?.sources?.[0]?.revision, seen.status?.agent?.kustomizations?.[0]?.lastAppliedRevision]).toEqual([`main@sha1:${commit}`, `main@sha1:${commit}`]);
      return seen;
    });
    await eventually(async () => {
      if (clock.pending === 0) throw new Error('it does not wait yet');
      await clock.advance(10_000);
      expect((await lease()).spec?.renewTime?.slice(0, 16)).not.toBe('2026-01-01T00:00');
    });
    expect((await destination()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await w.plane.client.patch(destinations, { name: 'worker' }, 'merge', { status: { agent: null } }, { subresource: 'status' });
    await eventually(async () => {
      await clock.advance(10_000);
      expect((await report()).kustomizations).toHaveLength(1);
    });
  });

  it('calls nothing well that it may not look at, and reports all the same', async () => {
    await using world = await reported();
    const { w, report, start } = world;
    await create(w, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'narrow' }, rules: [{ apiGroups: ['kustomize.toolkit.fluxcd.io', 'source.toolkit.fluxcd.io'], resources: ['*'], verbs: ['get', 'list', 'watch'] }] } as KubeObject);
    await create(w, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'narrow' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'narrow' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'narrow' }] } as KubeObject);
    await w.startAgent();
    start(w.plane.clientFor('narrow'));
    const spec = { replicas: 0, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'nope' }] } } };
    const commit = await w.push({ 'web.yaml': JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' }, spec }) });
    await eventually(async () => {
      const seen = await report();
      expect(seen.kustomizations?.[0]?.lastAppliedRevision).toBe(`main@sha1:${commit}`);
      expect(seen.unhealthy).toEqual([expect.objectContaining({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', reason: 'InProgress', message: 'objects of kind Deployment cannot be listed there' })]);
    }, { timeoutMs: 10_000 });
  });

  it('may touch no other Destination and no other Lease', async () => {
    await using world = await reported();
    const { w } = world;
    const worker = w.plane.clientFor('plinth:destination:worker');
    await w.plane.client.create(destinations, { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name: 'other' }, spec: { path: '.' } } as KubeObject);
    const report = { status: { agent: { reportedAt: '2026-01-01T00:00:00Z' } } };
    await expect(worker.patch(destinations, { name: 'other' }, 'merge', report, { subresource: 'status' })).rejects.toThrow('forbidden');
    await expect(worker.patch(destinations, { name: 'worker' }, 'merge', { spec: { path: 'x' } })).rejects.toThrow('forbidden');
    await expect(worker.patch(leases, { namespace: LEASES, name: 'destination-other' }, 'merge', { spec: {} })).rejects.toThrow('forbidden');
  });
});
