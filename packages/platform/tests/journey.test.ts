import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { destinations, events, jobs, promises, workPlacements, works, type Event, type Job, type Work } from '@plinth/api';
import { eventually } from '@plinth/testing';
import { parseYaml as parse } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld } from './world.ts';

const make: TestImage = ({ env, path }) => {
  const request = parse(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { readonly metadata: { readonly name: string }; readonly spec?: { readonly size?: string } };
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), `kind: Bucket\nmetadata:\n  name: ${request.metadata.name}\nsize: ${request.spec?.size ?? env['SIZE']}\n`);
  writeFileSync(join(path('/kratix/metadata'), 'status.yaml'), 'message: being made\nhost: here\nhealthMessages:\n  default: being made\n  ready: made\n');
};
const FILE = 'worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml';

describe('the way of a request', () => {
  it('goes from the Promise to a file in the state store and back into the status', async () => {
    await using world = await startWorld({ 'test/make': make });
    const { plane, store } = world;
    await create(plane, bucketPromise({ 'instance-configure': ['test/make'] }, { dependencies: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }] }));
    const promise = await eventually(async () => {
      const found = await world.promise();
      return found.status?.status === 'Available' && condition(found, 'Reconciled')?.['status'] === 'True' && found;
    });
    expect(promise.status).toMatchObject({ status: 'Available', kind: 'bucket', apiVersion: 'example.com/v1' });
    expect(store.files.get('worker/dependencies/bucket/5058f/static/bucket-dependencies.yaml')).toBe('apiVersion: v1\nkind: Namespace\nmetadata:\n  name: needed\n');
    expect([...store.files.keys()]).toContain('worker/dependencies/kratix-canary-namespace.yaml');

    await create(plane, bucketRequest());
    const request = await eventually(async () => {
      const found = await world.request();
      return condition(found, 'Reconciled')?.['status'] === 'True' && found;
    });
    expect(store.files.get(FILE)).toBe('kind: Bucket\nmetadata:\n  name: one\nsize: 1Gi\n');
    expect(request.metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
    expect(request.metadata.finalizers).toEqual(['kratix.io/work-cleanup', 'kratix.io/workflows-cleanup', 'kratix.io/delete-workflows', 'kratix.io/resource-binding-cleanup']);
    expect(request.status).toMatchObject({ message: 'being made', host: 'here', observedGeneration: 1, workflows: 1, workflowsSucceeded: 1, workflowsFailed: 0, promiseVersion: 'not-set' });
    expect(request.status?.conditions?.map(({ type, status, reason, message }) => ({ type, status, reason, message }))).toEqual([
      { type: 'Applied', status: 'Unknown', reason: 'NotReported', message: 'Destination worker has no agent that reports' },
      { type: 'ConfigureWorkflowCompleted', status: 'True', reason: 'PipelinesExecutedSuccessfully', message: 'Pipelines completed' },
      { type: 'Ready', status: 'Unknown', reason: 'HealthUnknown', message: 'being made' },
      { type: 'Reconciled', status: 'True', reason: 'Reconciled', message: 'Reconciled' },
      { type: 'WorksSucceeded', status: 'True', reason: 'WorksSucceeded', message: 'All works associated with this resource are ready' },
    ]);
    expect(request.status?.kratix?.workflows?.pipelines).toMatchObject([{ name: 'instance-configure', phase: 'Succeeded' }]);

    const { items: placements } = await plane.client.list(workPlacements, { namespace: 'default' });
    expect(placements.map(({ metadata }) => metadata.name)).toEqual([expect.stringMatching(/^bucket-one-instance-configure-[0-9a-f]{5}\.worker-5058f$/)]);
    await eventually(async () => {
      const { items } = await plane.client.list<Event>(events, { namespace: 'default' });
      expect(items.filter(({ regarding }) => regarding?.kind === 'bucket').map(({ reason }) => reason).sort()).toEqual(['BindingCreated', 'PipelineStarted', 'ReconcileStarted', 'ReconcileSucceeded', 'WorksSucceeded']);
    });
  });

  it('runs again for the requests that exist when the Promise changes, and the change arrives', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    await create(world.plane, bucketRequest());
    await eventually(() => world.store.files.has(FILE));
    const statuses = new Set<string | undefined>();
    const promise = await world.promise();
    const text = JSON.stringify(promise.spec).replace('"1Gi"', '"2Gi"');
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: JSON.parse(text) });
    await eventually(async () => {
      statuses.add((await world.promise()).status?.status);
      return world.store.files.get(FILE)!.includes('2Gi') && condition(await world.request(), 'Reconciled')?.['status'] === 'True';
    });
    expect([...statuses]).toEqual(['Available']);
    expect(world.started).toHaveLength(2);
  });

  it('runs again for a changed request, and not for anything else', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('one', { size: '3Gi' })).catch(() => {});
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { annotations: { note: 'x' } } });
    await world.restart();
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '5Gi' } });
    await eventually(() => world.store.files.get(FILE)!.includes('5Gi'));
    expect(world.started).toHaveLength(2);
  });

  it('takes the files away before the request goes, and everything else with it', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await eventually(() => world.store.files.has(FILE));
    await world.plane.client.delete(buckets, { namespace: 'default', name: 'one' });
    await eventually(async () => {
      const gone = (await world.plane.client.find(buckets, { namespace: 'default', name: 'one' })) === undefined;
      if (gone) expect(world.store.files.has(FILE)).toBe(false);
      return gone;
    });
    await eventually(async () => {
      expect((await world.plane.client.list<Work>(works, { namespace: 'default' })).items).toEqual([]);
      expect((await world.plane.client.list<Job>(jobs, { namespace: 'default' })).items).toEqual([]);
    });
  });

  it('removes requests, files, kind and roles when the Promise is deleted', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise({ 'instance-configure': ['test/make'] }, { dependencies: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }] }));
    await create(world.plane, bucketRequest());
    await eventually(() => world.store.files.has(FILE));
    await world.plane.client.delete(promises, { name: 'bucket' });
    await eventually(async () => (await world.plane.client.find(promises, { name: 'bucket' })) === undefined);
    expect([...world.store.files.keys()]).toEqual(['worker/dependencies/kratix-canary-namespace.yaml', 'worker/resources/kratix-canary-configmap.yaml']);
    const left = await world.plane.client.request({ method: 'GET', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles', query: { labelSelector: 'kratix.io/promise-name=bucket' } });
    expect((left.body as { items: unknown[] }).items).toEqual([]);
  });

  it('waits for a destination and goes there when one comes', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise({ 'instance-configure': ['test/make'] }, { destinationSelectors: [{ matchLabels: { zone: 'b' } }] }));
    await create(world.plane, bucketRequest());
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['reason'] === 'WorksPending');
    await world.plane.client.patch(destinations, { name: 'worker' }, 'merge', { metadata: { labels: { zone: 'b' } } });
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    expect(world.store.files.has(FILE)).toBe(true);
  });
});

describe('a platform that is killed again and again', () => {
  it('ends with one run, one Work and one file for each request', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    const names = Array.from({ length: 12 }, (_, index) => `r${index}`);
    for (const [index, name] of names.entries()) {
      await create(world.plane, bucketRequest(name));
      if (index % 2 === 0) await world.restart();
    }
    await eventually(async () => {
      const { items } = await world.plane.client.list(buckets);
      return items.length === names.length && items.every((item) => condition(item as never, 'Reconciled')?.['status'] === 'True');
    });
    expect(world.started).toHaveLength(names.length);
    expect((await world.plane.client.list<Work>(works, { namespace: 'default' })).items).toHaveLength(names.length);
    expect([...world.store.files.keys()].filter((path) => path.includes('resources/default/'))).toHaveLength(names.length);
  });
});
