import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { events, gitStateStores, healthRecords, jobs, promises, workPlacements, works, type Event, type GitStateStore, type Job, type Work, type WorkPlacement } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { StateStoreError } from '@plinth/state-store';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

const good: TestImage = ({ path }) => {
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\n');
};
const FILE = 'worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml';
const reconciled = (world: World, name = 'one', status = 'True') => eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === status);

describe('a workflow that fails', () => {
  const images: Readonly<Record<string, TestImage>> = {
    'test/throws': () => {
      throw new Error('no such size: huge');
    },
    'test/no-yaml': ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'a: b: c\n'),
    'test/link': ({ path }) => symlinkSync('/etc/passwd', join(path('/kratix/output'), 'secret.yaml')),
    'test/reserved': ({ path }) => writeFileSync(join(path('/kratix/metadata'), 'status.yaml'), 'kratix: {}\n'),
    'test/good': good,
  };
  it.each([
    ['test/throws', 'container step-0: no such size: huge (exit code 1)'],
    ['test/no-yaml', 'container work-writer: output file bucket.yaml is not valid YAML: line 1: Nested mappings are not allowed in compact mappings (exit code 1)'],
    ['test/link', 'container work-writer: output file secret.yaml is a symbolic link; only regular files are taken (exit code 1)'],
    ['test/reserved', 'container status-writer: status.yaml sets the key "kratix", which belongs to the platform (exit code 1)'],
    ['test/unknown', 'container step-0: ImagePullBackOff: no such image test/unknown'],
  ])('says so with pipeline, container and cause: %s', async (image, cause) => {
    await using world = await startWorld(images);
    await create(world.plane, bucketPromise({ 'instance-configure': [image] }));
    await create(world.plane, bucketRequest());
    await reconciled(world, 'one', 'False');
    const request = await world.request();
    expect(condition(request, 'ConfigureWorkflowCompleted')).toMatchObject({ status: 'False', reason: 'ConfigureWorkflowFailed', message: `A Configure Pipeline has failed: instance-configure: ${cause}` });
    expect(condition(request, 'Reconciled')).toMatchObject({ reason: 'ConfigureWorkflowFailed', message: 'Failing' });
    expect(request.status).toMatchObject({ workflowsFailed: 1, kratix: { workflows: { pipelines: [{ name: 'instance-configure', phase: 'Failed', message: cause }] } } });
    await eventually(async () => {
      const { items } = await world.plane.client.list<Event>(events, { namespace: 'default' });
      expect(items.filter(({ type }) => type === 'Warning').map(({ reason, note }) => [reason, note])).toEqual([['ConfigureWorkflowFailed', `A resource/configure Pipeline has failed: instance-configure: ${cause}`]]);
    });
    expect([...world.store.files.keys()].filter((path) => path.includes('resources/default'))).toEqual([]);
  });

  it('does not hold up others, and runs again when it is asked to', async () => {
    let isBroken = true;
    await using world = await startWorld({
      'test/make': (container) => {
        if (isBroken && container.env['KRATIX_OBJECT_NAME'] === 'one') throw new Error('broken');
        return good(container);
      },
    });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('one'));
    await create(world.plane, bucketRequest('two'));
    await reconciled(world, 'two');
    await reconciled(world, 'one', 'False');
    isBroken = false;
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    await reconciled(world, 'one');
    expect((await world.request()).metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
    expect(world.store.files.has(FILE)).toBe(true);
  });

  it('is forgotten when the Promise names an image that there is', async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, bucketPromise({ 'instance-configure': ['test/typo'] }));
    await create(world.plane, bucketRequest());
    await reconciled(world, 'one', 'False');
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: bucketPromise({ 'instance-configure': ['test/good'] }).spec });
    await reconciled(world);
    const { items } = await world.plane.client.list<Job>(jobs, { namespace: 'default' });
    expect(items.map(({ spec }) => spec?.suspend).sort()).toEqual([false, true]);
  });
});

describe('a workflow of several pipelines', () => {
  it('runs them one after the other, and each has its Work', async () => {
    const order: string[] = [];
    const note: TestImage = (container) => {
      order.push(container.env['KRATIX_PIPELINE_NAME']!);
      return good(container);
    };
    await using world = await startWorld({ 'test/note': note });
    await create(world.plane, bucketPromise({ first: ['test/note'], second: ['test/note'] }));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect(order).toEqual(['first', 'second']);
    expect((await world.request()).status).toMatchObject({ message: 'Resource requested', workflows: 2, workflowsSucceeded: 2 });
    expect([...world.store.files.keys()].filter((path) => path.includes('/bucket/one/'))).toEqual(['worker/resources/default/bucket/one/first/5058f/bucket.yaml', 'worker/resources/default/bucket/one/second/5058f/bucket.yaml']);
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: bucketPromise({ second: ['test/note'] }).spec });
    await eventually(() => !world.store.files.has('worker/resources/default/bucket/one/first/5058f/bucket.yaml'));
    expect(world.store.files.has('worker/resources/default/bucket/one/second/5058f/bucket.yaml')).toBe(true);
  });

  it('stops where a pipeline suspends it, and goes on there after the time that it asked for', async () => {
    let tries = 0;
    await using world = await startWorld({
      'test/waits': (container) => {
        tries += 1;
        if (tries === 1) writeFileSync(join(container.path('/kratix/metadata'), 'workflow-control.yaml'), 'retryAfter: 1s\nmessage: waiting for approval\n');
        return good(container);
      },
      'test/good': good,
    });
    await create(world.plane, bucketPromise({ first: ['test/waits'], second: ['test/good'] }));
    await create(world.plane, bucketRequest());
    const suspended = await eventually(async () => {
      const found = await world.request();
      return condition(found, 'Reconciled')?.['message'] === 'Suspended' && found;
    });
    expect(suspended.status?.kratix?.workflows?.pipelines).toMatchObject([{ name: 'first', phase: 'Suspended', message: 'waiting for approval', attempts: 1 }, { name: 'second', phase: 'Pending' }]);
    expect(suspended.status?.kratix?.workflows?.configure).toMatchObject({ suspendedGeneration: 1, pipelines: [{ name: 'first', phase: 'Suspended', message: 'waiting for approval', attempts: 1 }, { name: 'second', phase: 'Pending' }] });
    await reconciled(world);
    expect(tries).toBe(2);
    expect((await world.request()).metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
  });
});

describe('a state store that does not work', () => {
  it('shows in store, placement and request, and heals by itself', async () => {
    await using world = await startWorld({ 'test/make': good });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    world.store.broken = new StateStoreError('unreachable', 'cannot push to https://git.test/repo: connection refused');
    await create(world.plane, bucketRequest('two'));
    await reconciled(world, 'two', 'False');
    const { items } = await world.plane.client.list<WorkPlacement>(workPlacements, { namespace: 'default' });
    const failing = items.find(({ spec }) => spec?.resourceName === 'two')!;
    expect(condition(failing, 'WriteSucceeded')).toMatchObject({ status: 'False', reason: 'WorkloadsFailedWrite', message: expect.stringContaining('connection refused') });
    await eventually(async () => condition(await world.plane.client.get<GitStateStore>(gitStateStores, { name: 'default' }), 'Ready')?.['status'] === 'False');
    expect(condition(await world.request('one'), 'Reconciled')?.['status']).toBe('True');
    world.store.broken = undefined;
    await reconciled(world, 'two');
    await eventually(async () => condition(await world.plane.client.get<GitStateStore>(gitStateStores, { name: 'default' }), 'Ready')?.['status'] === 'True');
  });

  it('gets back what somebody else removed from it, at once or when the platform starts again', async () => {
    await using world = await startWorld({ 'test/make': good });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    const files = [...world.store.files.keys()].sort();
    world.store.wipe();
    world.storeMoved();
    await eventually(() => expect([...world.store.files.keys()].sort()).toEqual(files));
    world.store.wipe();
    await world.restart();
    await eventually(() => expect([...world.store.files.keys()].sort()).toEqual(files));
    expect(condition(await world.request(), 'Reconciled')?.['status']).toBe('True');
    expect(world.started).toHaveLength(1);
  });

  it('makes few commits of many requests', async () => {
    await using world = await startWorld({ 'test/make': good });
    await create(world.plane, bucketPromise());
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    const before = world.store.commits.length;
    await Promise.all(Array.from({ length: 30 }, (_, index) => create(world.plane, bucketRequest(`r${index}`))));
    await eventually(() => [...world.store.files.keys()].filter((path) => path.includes('/bucket/r')).length === 30, { timeoutMs: 15_000 });
    expect(world.store.commits.length - before).toBeLessThan(30);
  });
});

describe('health records', () => {
  const record = (state: string): KubeObject =>
    ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'HealthRecord', metadata: { name: 'one', namespace: 'default' }, data: { promiseRef: { name: 'bucket' }, resourceRef: { name: 'one', namespace: 'default' }, state, lastRun: 1 } }) as KubeObject;
  it('become the health of the request, and its message follows where the pipeline gave texts', async () => {
    await using world = await startWorld({
      'test/make': (container) => {
        writeFileSync(join(container.path('/kratix/metadata'), 'status.yaml'), 'message: being made\nhealthMessages: {default: being made, ready: made, unhealthy: does not answer}\n');
        return good(container);
      },
    });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect((await world.request()).status).toMatchObject({ message: 'being made' });
    const status = (message: string, state: string) =>
      eventually(async () => {
        const found = await world.request();
        expect(condition(found, 'Ready')).toMatchObject({ status: state === 'ready' ? 'True' : 'False', message });
        expect(found.status).toMatchObject({ message, healthStatus: { state, healthRecords: [{ state, lastRun: 1, source: { name: 'one', namespace: 'default' } }] } });
      });
    await create(world.plane, record('ready'));
    await status('made', 'ready');
    await world.plane.client.patch(healthRecords, { namespace: 'default', name: 'one' }, 'merge', { data: { state: 'unhealthy' } });
    await status('does not answer', 'unhealthy');
    await world.plane.client.delete(healthRecords, { namespace: 'default', name: 'one' });
    await eventually(async () => {
      const found = await world.request();
      expect(found.status?.healthStatus).toBeUndefined();
      expect(found.status?.message).toBe('being made');
    });
    await create(world.plane, record('ready'));
    await status('made', 'ready');
    // Without its Work it is not reconciled any more; what it says is to be true all the same.
    const [work] = (await world.plane.client.list<Work>(works, { namespace: 'default' })).items;
    await world.plane.client.delete(works, { namespace: 'default', name: work!.metadata.name });
    await reconciled(world, 'one', 'Unknown');
    await world.plane.client.patch(healthRecords, { namespace: 'default', name: 'one' }, 'merge', { data: { state: 'unhealthy' } });
    await status('does not answer', 'unhealthy');
    await world.plane.client.delete(buckets, { namespace: 'default', name: 'one' });
    await eventually(async () => (await world.plane.client.find(healthRecords, { namespace: 'default', name: 'one' })) === undefined);
  });
});

describe('a paused request', () => {
  it('is left alone, and runs again when it is let go', async () => {
    await using world = await startWorld({ 'test/make': good });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    const label = (value: string | null) => world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/paused': value } } });
    await label('true');
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['message'] === 'Paused');
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '2Gi' } });
    await label(null);
    await reconciled(world);
    expect(world.started).toHaveLength(2);
  });
});

describe('a delete workflow', () => {
  it('runs before anything is taken away, and its failure keeps the request', async () => {
    let isBroken = true;
    const seen: boolean[] = [];
    await using world = await startWorld({
      'test/make': good,
      'test/undo': () => {
        seen.push(world.store.files.has(FILE));
        if (isBroken) throw new Error('still in use');
      },
    });
    const promise = bucketPromise();
    const undo = { ...promise.spec!.workflows!.resource!.configure![0]!, metadata: { name: 'undo' }, spec: { containers: [{ name: 'undo', image: 'test/undo' }] } };
    await create(world.plane, { ...promise, spec: { ...promise.spec, workflows: { resource: { ...promise.spec!.workflows!.resource, delete: [undo] } } } } as KubeObject);
    await create(world.plane, bucketRequest());
    await reconciled(world);
    await world.plane.client.delete(buckets, { namespace: 'default', name: 'one' });
    await eventually(async () => condition(await world.request(), 'DeleteWorkflowCompleted')?.['reason'] === 'DeleteWorkflowFailed');
    expect(world.store.files.has(FILE)).toBe(true);
    isBroken = false;
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    await eventually(async () => (await world.plane.client.find(buckets, { namespace: 'default', name: 'one' })) === undefined);
    expect(seen).toEqual([true, true]);
    expect(world.store.files.has(FILE)).toBe(false);
  });
});
