import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { destinations, leases, type AgentReport } from '@plinth/api';
import { parseYaml } from '@plinth/apimachinery';
import { eventually, fakeClock } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World, type WorldOptions } from './world.ts';
import type { TestImage } from './test-kubelet.ts';

/** Writes a Deployment named after the request. */
const make: TestImage = ({ path }) => {
  const { metadata, spec } = parseYaml(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { readonly metadata: { readonly name: string }; readonly spec?: object };
  writeFileSync(join(path('/kratix/output'), 'app.yaml'), JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: metadata.name, namespace: 'default' }, spec }));
};

/** A platform with a reporter for its destination, which the test plays. */
async function reportedWorld(options: WorldOptions = {}): Promise<{ readonly world: World; readonly report: (agent: AgentReport) => Promise<void>; readonly applied: (extra?: object, agent?: object) => AgentReport; readonly renew: (at: number) => Promise<void> } & AsyncDisposable> {
  const world = await startWorld({ 'test/make': make }, {}, options);
  const lease = { namespace: 'kratix-platform-system', name: 'destination-worker' };
  const renew = async (at: number): Promise<void> => {
    const spec = { holderIdentity: 'x', leaseDurationSeconds: 40, renewTime: new Date(at).toISOString().replace('Z', '000Z') };
    if (await world.plane.client.find(leases, lease)) await world.plane.client.patch(leases, lease, 'merge', { spec });
    else await world.plane.client.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec });
  };
  await create(world.plane, bucketPromise());
  await eventually(async () => (await world.promise()).status?.status === 'Available');
  return {
    world,
    renew,
    report: async (agent) => {
      const status = { agent: { reportedAt: new Date().toISOString(), ...agent } };
      await world.plane.client.patch(destinations, { name: 'worker' }, 'merge', { status }, { subresource: 'status' });
    },
    applied: (extra = {}, agent = {}) => {
      const revision = `main@sha1:commit-${world.store.commits.length}`;
      return {
        kustomizations: [{ name: 'all', path: 'worker', source: 'kratix', ready: 'True', lastAppliedRevision: revision, lastAttemptedRevision: revision, appliedAt: '2026-01-01T00:00:00Z', ...extra }],
        unhealthy: [],
        unhealthyCount: 0,
        ...agent,
      };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

async function sees(world: World, name: string, type: string, expected: object): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const found = condition(await world.request(name), type);
    expect(found).toMatchObject(expected);
    return found!;
  });
}

const written = (world: World, name = 'one') => sees(world, name, 'Reconciled', { status: 'True' });

describe('what a destination reports', () => {
  it('makes a request Applied and Ready when the commit that holds its files is applied, and says when that was proved', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    await report(applied());
    await world.plane.client.create(buckets, bucketRequest('one'));
    await written(world);
    const commit = (await sees(world, 'one', 'Applied', { status: 'Unknown', reason: 'ApplyPending' }))['message'];
    expect(commit).toMatch(/^Destination worker has not applied commit commit- yet$/);
    await sees(world, 'one', 'Ready', { status: 'Unknown', reason: 'ApplyPending' });
    await report(applied());
    await sees(world, 'one', 'Applied', { status: 'True', reason: 'Applied', message: 'Applied at worker (commit commit-)', provedAt: '2026-01-01T00:00:00Z' });
    const ready = await sees(world, 'one', 'Ready', { status: 'True', reason: 'Working', provedAt: '2026-01-01T00:00:00Z' });

    // Later commits, and a restart, are no news.
    const { resourceVersion } = (await world.request()).metadata;
    await world.plane.client.create(buckets, bucketRequest('two'));
    await written(world, 'two');
    await report(applied());
    await sees(world, 'two', 'Ready', { status: 'True' });
    await world.restart();
    await world.plane.client.create(buckets, bucketRequest('three'));
    await written(world, 'three');
    expect(condition(await world.request(), 'Ready')).toEqual(ready);
    expect((await world.request()).metadata.resourceVersion).toBe(resourceVersion);
  });

  it('is of no use for a spec that came later', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    await report(applied());
    await world.plane.client.create(buckets, bucketRequest('one', { size: '1' }));
    await written(world);
    await report(applied());
    await sees(world, 'one', 'Ready', { status: 'True' });
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '2' } });
    await sees(world, 'one', 'Ready', { status: 'Unknown', reason: 'ApplyPending' });
    await written(world);
    await sees(world, 'one', 'Applied', { status: 'Unknown', reason: 'ApplyPending' });
    await report(applied({ appliedAt: '2026-01-01T00:05:00Z' }));
    await sees(world, 'one', 'Ready', { status: 'True', provedAt: '2026-01-01T00:05:00Z' });
  });

  it('is taken back when the agent goes back to an earlier commit', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    const first = applied();
    await report(first);
    await world.plane.client.create(buckets, bucketRequest('one'));
    await written(world);
    await report(applied());
    await sees(world, 'one', 'Ready', { status: 'True' });
    await report(first);
    await sees(world, 'one', 'Applied', { status: 'Unknown', reason: 'ApplyPending' });
    await sees(world, 'one', 'Ready', { status: 'Unknown', reason: 'ApplyPending' });
  });

  it('names the object that was refused, and leaves the others alone', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    await report(applied());
    for (const name of ['one', 'two', 'three']) await world.plane.client.create(buckets, bucketRequest(name));
    for (const name of ['one', 'two', 'three']) await written(world, name);
    const file = [...world.store.files.keys()].find((path) => path.includes('/one/'))!;
    const failures = [
      { path: file, apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'one', message: 'spec.replicas: Invalid value' },
      // Flux does not say in which file, nor in which group.
      { kind: 'Deployment', namespace: 'default', name: 'two', message: 'no' },
    ];
    await report(applied({ ready: 'False', partial: true, lastAppliedRevision: 'main@sha1:commit-0', failures, failureCount: 2 }));
    await sees(world, 'one', 'Applied', { status: 'False', reason: 'ApplyFailed', message: 'Destination worker refused Deployment default/one: spec.replicas: Invalid value' });
    await sees(world, 'one', 'Ready', { status: 'False', reason: 'ApplyFailed' });
    await sees(world, 'two', 'Applied', { status: 'False', reason: 'ApplyFailed' });
    await sees(world, 'three', 'Ready', { status: 'True' });
    await report(applied());
    for (const name of ['one', 'two']) await sees(world, name, 'Ready', { status: 'True' });
  });

  it('tells which object of a request does not work, and why', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    await report(applied());
    for (const name of ['one', 'two']) await world.plane.client.create(buckets, bucketRequest(name));
    for (const name of ['one', 'two']) await written(world, name);
    const one = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'one', reason: 'ImagePullBackOff', message: 'pod one-1, container main: no such image', since: '2026-01-01T00:00:00Z' };
    await report(applied({}, { unhealthy: [one], unhealthyCount: 1 }));
    await sees(world, 'one', 'Applied', { status: 'True' });
    await sees(world, 'one', 'Ready', { status: 'False', reason: 'ObjectsUnhealthy', message: 'Deployment default/one at worker: pod one-1, container main: no such image (ImagePullBackOff)' });
    await sees(world, 'two', 'Ready', { status: 'True' });
    await report(applied({}, { unhealthy: [one], unhealthyCount: 7000 }));
    await sees(world, 'two', 'Ready', { status: 'Unknown', reason: 'NotReported' });
    await report(applied());
    for (const name of ['one', 'two']) await sees(world, name, 'Ready', { status: 'True' });
  });

  it('holds only while its Lease does: a silent reporter leaves nothing green', async () => {
    const clock = fakeClock(Date.now());
    await using test = await reportedWorld({ clock });
    const { world, report, applied, renew } = test;
    const heardAt = clock.now();
    await renew(heardAt);
    await report(applied());
    await world.plane.client.create(buckets, bucketRequest('one'));
    await written(world);
    await report(applied());
    await sees(world, 'one', 'Ready', { status: 'True' });
    await clock.advance(39_000);
    expect(condition(await world.request(), 'Ready')).toMatchObject({ status: 'True' });
    await clock.advance(2_000);
    const message = `no report from Destination worker since ${new Date(heardAt).toISOString().replace(/\.\d+Z/, 'Z')}`;
    await sees(world, 'one', 'Applied', { status: 'Unknown', reason: 'ReporterSilent', message });
    await sees(world, 'one', 'Ready', { status: 'Unknown', reason: 'ReporterSilent', message });
    await world.restart();
    await renew(clock.now());
    await sees(world, 'one', 'Ready', { status: 'True' });
  });

  it('costs one write for each of many requests', async () => {
    await using test = await reportedWorld();
    const { world, report, applied, renew } = test;
    await renew(Date.now());
    await report(applied());
    const names = Array.from({ length: 50 }, (_, at) => `r-${at}`);
    await Promise.all(names.map((name) => world.plane.client.create(buckets, bucketRequest(name))));
    for (const name of names) await written(world, name);
    const versions = async (): Promise<readonly number[]> => Promise.all(names.map(async (name) => Number((await world.request(name)).metadata.resourceVersion)));
    const before = await versions();
    const { metadata } = await world.plane.client.patch(destinations, { name: 'worker' }, 'merge', { status: { agent: { reportedAt: new Date().toISOString(), ...applied() } } }, { subresource: 'status' });
    for (const name of names) await sees(world, name, 'Ready', { status: 'True' });
    const last = Math.max(...(await versions()));
    expect(Math.min(...before)).toBeLessThan(Number(metadata.resourceVersion));
    // Versions are counted over the whole store: fifty writes, and a few of the platform besides.
    expect(last - Number(metadata.resourceVersion)).toBeLessThan(60);
  });
});
