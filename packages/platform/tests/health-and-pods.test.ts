import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configMaps, events, healthRecords, jobs, pods, type Event, type HealthRecord, type Job, type Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, condition, create, startWorld, type World } from './world.ts';

const make: TestImage = ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\napiVersion: v1\nmetadata: {name: b}\n');
const record = (name: string, data: object, metadata: object = {}): KubeObject => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'HealthRecord', metadata: { name, namespace: 'default', ...metadata }, data: { promiseRef: { name: 'bucket' }, resourceRef: { name: 'one', namespace: 'default' }, ...data } }) as KubeObject;
const healthOf = async (world: World): Promise<unknown> => (await world.request()).status?.healthStatus;

async function worldWithRequest(): Promise<World> {
  const world = await startWorld({ 'test/make': make });
  await create(world.plane, bucketPromise());
  await eventually(() => create(world.plane, bucketRequest()).then(() => true, () => false));
  await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
  return world;
}

describe('health records', () => {
  it('add up to the worst of a request, and only those of its own Promise count', async () => {
    await using world = await worldWithRequest();
    await create(world.plane, record('a', { state: 'ready', lastRun: 1 }));
    await eventually(async () => expect(await healthOf(world)).toEqual({ state: 'ready', healthRecords: [{ state: 'ready', lastRun: 1, source: { name: 'a', namespace: 'default' } }] }));
    await create(world.plane, record('b', { state: 'degraded', details: { why: 'slow' } }));
    await create(world.plane, record('namesake', { state: 'unhealthy', promiseRef: { name: 'another' } }));
    await create(world.plane, record('elsewhere', { state: 'unhealthy', resourceRef: { name: 'one', namespace: 'elsewhere' } }));
    await eventually(async () =>
      expect(await healthOf(world)).toEqual({
        state: 'degraded',
        healthRecords: [
          { state: 'ready', lastRun: 1, source: { name: 'a', namespace: 'default' } },
          { state: 'degraded', source: { name: 'b', namespace: 'default' }, details: { why: 'slow' } },
        ],
      }),
    );
    await world.plane.client.delete(healthRecords, { namespace: 'default', name: 'b' });
    await eventually(async () => expect(await healthOf(world)).toMatchObject({ state: 'ready', healthRecords: [{ source: { name: 'a' } }] }));
    await eventually(async () => {
      const { items } = await world.plane.client.list<Event>(events, { namespace: 'default' });
      expect(new Set(items.filter(({ reason }) => reason === 'HealthRecord').map(({ type, note }) => `${type} ${note}`))).toEqual(new Set(['Normal Health state is ready', 'Warning Health state is degraded']));
    });
  });

  it('that carry the finalizer of Kratix can be deleted', async () => {
    await using world = await worldWithRequest();
    await create(world.plane, record('old', { state: 'unhealthy' }, { finalizers: ['kratix.io/health-record-cleanup', 'test.example/other'] }));
    await eventually(async () => expect(await healthOf(world)).toMatchObject({ state: 'unhealthy' }));
    await world.plane.client.delete(healthRecords, { namespace: 'default', name: 'old' });
    await eventually(async () => expect((await world.plane.client.get<HealthRecord>(healthRecords, { namespace: 'default', name: 'old' })).metadata.finalizers).toEqual(['test.example/other']));
    await eventually(async () => expect(await healthOf(world)).toBeUndefined());
  });
});

describe('podTTLSecondsAfterFinished', () => {
  it('deletes the pods of finished Jobs, and leaves the Jobs', async () => {
    await using world = await worldWithRequest();
    expect((await world.plane.client.list<Pod>(pods, { namespace: 'default' })).items).toHaveLength(1);
    await world.plane.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: 'workflows: { jobOptions: { podTTLSecondsAfterFinished: 1 } }' } } as KubeObject);
    await eventually(async () => expect((await world.plane.client.list<Pod>(pods, { namespace: 'default' })).items).toEqual([]));
    expect((await world.plane.client.list<Job>(jobs, { namespace: 'default' })).items).toHaveLength(1);
  });
});
