import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { customResourceDefinitions, events, jobs, configMaps, namespaces, promiseRevisions, promises, works, type Event, type Job, type PlatformPromise, type PromiseRevision, type Work } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

const make: TestImage = ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\napiVersion: v1\nmetadata: {name: b}\n');
const IMAGES = { 'test/make': make };
const pipeline = (name: string, image = 'test/make'): object => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name }, spec: { containers: [{ name: 'step', image }] } });
const plain = (name: string, spec: object = {}, labels: object = {}): KubeObject => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Promise', metadata: { name, labels }, spec }) as KubeObject;
const isSo = (world: World, name: string, type: string, expected: object): Promise<void> => eventually(async () => expect(condition(await world.promise(name), type)).toMatchObject(expected));
const patch = (world: World, name: string, change: object): Promise<unknown> => world.plane.client.patch(promises, { name }, 'merge', change);
const eventsOf = async (world: World, name: string): Promise<readonly string[]> =>
  (await world.plane.client.list<Event>(events)).items.filter(({ regarding }) => regarding?.kind === 'Promise' && regarding.name === name).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);

describe('a Promise', () => {
  it('without workflows and API becomes available and reconciled, and says its version as long as it has one', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, plain('plain', {}, { 'kratix.io/promise-version': 'v1' }));
    await isSo(world, 'plain', 'Reconciled', { status: 'True', reason: 'Reconciled', message: 'Reconciled' });
    expect(await world.promise('plain')).toMatchObject({
      metadata: { finalizers: ['kratix.io/dependencies-cleanup', 'kratix.io/workflows-cleanup', 'kratix.io/revision-cleanup'] },
      status: { status: 'Available', version: 'v1', observedGeneration: 1, kratix: { version: 'v1', status: 'Available' } },
    });
    await patch(world, 'plain', { metadata: { labels: { 'kratix.io/promise-version': null } } });
    await eventually(async () => expect((await world.promise('plain')).status).not.toHaveProperty('version'));
    expect((await world.promise('plain')).status?.kratix).not.toHaveProperty('version');
    await eventually(async () => expect(await eventsOf(world, 'plain')).toEqual(expect.arrayContaining(['Normal RevisionCreated: Revision plain-6654c created', 'Normal Available: Promise is available', 'Normal ReconcileSucceeded: Successfully reconciled'])));
  });

  it('stays available while its own workflow runs again, also when that fails', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise(undefined, { workflows: { promise: { configure: [pipeline('own')] } } }));
    await isSo(world, 'bucket', 'Reconciled', { status: 'True' });
    await eventually(async () => expect((await eventsOf(world, 'bucket')).filter((event) => event.includes('Workflow'))).toEqual(['Normal ConfigureWorkflowCompleted: All workflows completed']));
    const { status } = await world.promise();
    expect(status?.kratix?.workflows?.lastSuccessfulConfigureWorkflowTime).toBe(condition(await world.promise(), 'ConfigureWorkflowCompleted')?.['lastTransitionTime']);
    await patch(world, 'bucket', { spec: { workflows: { promise: { configure: [pipeline('own', 'test/none')] } } } });
    await isSo(world, 'bucket', 'Reconciled', { status: 'False', reason: 'ConfigureWorkflowFailed' });
    expect((await world.promise()).status?.status).toBe('Available');
  });

  it('says why its API cannot be served, and serves it when it can', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise());
    await isSo(world, 'bucket', 'Available', { status: 'True' });
    // Somebody takes the label away by which the CRD is known: it is nobody's now.
    await world.plane.client.patch(customResourceDefinitions, { name: 'buckets.example.com' }, 'merge', { metadata: { labels: { 'kratix.io/promise-name': 'another' } } });
    await isSo(world, 'bucket', 'Available', { status: 'False', reason: 'PromiseUnavailable', message: 'Cannot fulfil resource requests: the CRD buckets.example.com belongs to the Promise another' });
    await world.plane.client.delete(customResourceDefinitions, { name: 'buckets.example.com' });
    await isSo(world, 'bucket', 'Available', { status: 'True', message: 'Ready to fulfil resource requests' });
  });

  it('says what keeps its pipeline from starting, and starts it when it can', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'runs' } } as KubeObject);
    await create(world.plane, plain('plain', { workflows: { config: { pipelineNamespace: 'runs' }, promise: { configure: [pipeline('own')] } } }));
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    // Nobody here takes away what is in it, so it stays, and takes nothing new.
    await world.plane.client.patch(namespaces, { name: 'runs' }, 'merge', { metadata: { finalizers: ['test.example/hold'] } });
    await world.plane.client.delete(namespaces, { name: 'runs' });
    await patch(world, 'plain', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    const message = 'A Configure Pipeline has failed: own: it cannot be started: jobs.batch "kratix-plain-own-';
    await isSo(world, 'plain', 'ConfigureWorkflowCompleted', { status: 'False', reason: 'ConfigureWorkflowFailed', message: expect.stringContaining(message) });
    expect(condition(await world.promise('plain'), 'Reconciled')).toMatchObject({ status: 'False', message: 'Failing' });
    await patch(world, 'plain', { spec: { workflows: { config: { pipelineNamespace: null } } } });
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
  });

  it('takes away what a pipeline wrote that it has no more, once the others have run', async () => {
    await using world = await startWorld(IMAGES);
    const has = (...configure: readonly object[]): object => ({ workflows: { promise: { configure } } });
    const written = async (): Promise<unknown> => (await world.plane.client.list(works)).items.map(({ metadata }) => metadata.labels?.['kratix.io/pipeline-name']).sort();
    await create(world.plane, plain('plain', has(pipeline('one'), pipeline('two'))));
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    expect(await written()).toEqual(['one', 'two']);
    await patch(world, 'plain', { spec: has(pipeline('three', 'test/none')) });
    await isSo(world, 'plain', 'Reconciled', { status: 'False' });
    expect(await written()).toEqual(['one', 'two']);
    await patch(world, 'plain', { spec: has(pipeline('two')) });
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    await eventually(async () => expect(await written()).toEqual(['two']));
    await patch(world, 'plain', { spec: has() });
    await eventually(async () => expect(await written()).toEqual([]));
    await eventually(() => ![...world.store.files.keys()].some((path) => path.includes('plain')));
  });

  it('makes a Work of its workflow, or of its dependencies, again that is gone', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, plain('plain', { dependencies: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }], workflows: { promise: { configure: [pipeline('own')] } } }));
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    const found = async (): Promise<readonly Work[]> => (await world.plane.client.list<Work>(works)).items;
    const lost = await found();
    for (const { metadata } of lost) await world.plane.client.delete(works, { namespace: metadata.namespace!, name: metadata.name });
    await eventually(async () => {
      const now = await found();
      expect([now.length, now.filter(({ metadata }) => lost.some((one) => one.metadata.uid === metadata.uid))]).toEqual([lost.length, []]);
    });
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    expect(world.started).toHaveLength(2);
  });

  it('runs all its requests again when it is asked to', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise());
    for (const name of ['one', 'two']) await eventually(() => create(world.plane, bucketRequest(name)).then(() => true, () => false));
    for (const name of ['one', 'two']) await eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === 'True');
    await patch(world, 'bucket', { metadata: { labels: { 'kratix.io/reconcile-resources': 'true' } } });
    await eventually(() => world.started.length === 4);
    await eventually(async () => (await world.promise()).metadata.labels?.['kratix.io/reconcile-resources'] === undefined);
    await eventually(async () => expect(await eventsOf(world, 'bucket')).toContain('Normal ReconcilingResources: Reconciling all resource requests'));
  });

  it('is done with that also when one of them goes meanwhile', async () => {
    await using world = await startWorld(IMAGES, {}, {
      tap: (client) => ({
        client: {
          ...client,
          patch: (...[resource, key, type, body, options]: Parameters<typeof client.patch>) => {
            const isLost = key.name === 'gone' && JSON.stringify(body).includes('run-from-start');
            return client.patch(resource, isLost ? { ...key, name: 'nobody' } : key, type, body, options);
          },
        } as typeof client,
      }),
    });
    await create(world.plane, bucketPromise());
    for (const name of ['gone', 'one']) await create(world.plane, bucketRequest(name));
    for (const name of ['gone', 'one']) await eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === 'True');
    await patch(world, 'bucket', { metadata: { labels: { 'kratix.io/reconcile-resources': 'true' } } });
    await eventually(async () => (await world.promise()).metadata.labels?.['kratix.io/reconcile-resources'] === undefined);
    await eventually(() => world.started.length === 3);
  });

  it('is not looked at for each of its requests that goes', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise());
    const names = Array.from({ length: 20 }, (_, index) => `b${index}`);
    for (const name of names) await create(world.plane, bucketRequest(name));
    for (const name of names) await eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === 'True');
    const looks = async (): Promise<number> => Number(/^controller_runtime_reconcile_total\{controller="promise",result="success"\} (\d+)$/m.exec(await world.metrics())?.[1] ?? 0);
    const before = await looks();
    for (const name of names) {
      await world.plane.client.delete(buckets, { namespace: 'default', name });
      await eventually(async () => (await world.plane.client.find(buckets, { namespace: 'default', name })) === undefined);
    }
    // What was caused before it has been looked at when this one is done.
    await create(world.plane, plain('last'));
    await isSo(world, 'last', 'Reconciled', { status: 'True' });
    expect((await looks()) - before).toBeLessThan(10);
  });

  it('is left alone while it is paused, its requests too, and goes on afterwards', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise());
    await isSo(world, 'bucket', 'Available', { status: 'True' });
    await patch(world, 'bucket', { metadata: { labels: { 'kratix.io/paused': 'true' } } });
    await isSo(world, 'bucket', 'Available', { status: 'False', reason: 'PausedReconciliation', message: 'Paused' });
    expect(await world.promise()).toMatchObject({ status: { status: 'Unavailable' } });
    expect(condition(await world.promise(), 'Reconciled')).toMatchObject({ status: 'Unknown', reason: 'PausedReconciliation', message: 'Paused' });
    await create(world.plane, bucketRequest());
    await eventually(async () => expect(condition(await world.request(), 'Reconciled')).toMatchObject({ reason: 'PausedReconciliation' }));
    await patch(world, 'bucket', { metadata: { labels: { 'kratix.io/paused': null } } });
    await isSo(world, 'bucket', 'Available', { status: 'True' });
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
  });
});

describe('a Promise whose workflow waits', () => {
  const wait: TestImage = ({ path }) => writeFileSync(join(path('/kratix/metadata'), 'workflow-control.yaml'), 'suspend: true\nmessage: until somebody agrees\n');

  it('is suspended, and available when it has run', async () => {
    await using world = await startWorld({ ...IMAGES, 'test/wait': wait });
    await create(world.plane, plain('plain', { workflows: { promise: { configure: [pipeline('own', 'test/wait')] } } }));
    await isSo(world, 'plain', 'Available', { status: 'False', reason: 'WorkflowSuspended', message: 'Suspended' });
    expect(condition(await world.promise('plain'), 'Reconciled')).toMatchObject({ status: 'Unknown', reason: 'WorkflowSuspended', message: 'Suspended' });
    expect((await world.promise('plain')).metadata.labels).toMatchObject({ 'kratix.io/workflow-suspended': 'true' });
    await patch(world, 'plain', { spec: { workflows: { promise: { configure: [pipeline('own')] } } } });
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    await isSo(world, 'plain', 'Available', { status: 'True' });
  });
});

describe('an API that keeps whatever it is given', () => {
  it('is served with the status of the platform', async () => {
    await using world = await startWorld(IMAGES);
    const { spec } = bucketPromise();
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await create(world.plane, { ...bucketPromise(), spec: { ...spec, api: { ...spec!.api, spec: { ...spec!.api!.spec, versions: [{ name: 'v1', served: true, storage: true, schema }] } } } } as PlatformPromise);
    await eventually(() => create(world.plane, { ...bucketRequest(), anything: { goes: true } } as KubeObject).then(() => true, () => false));
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    expect(await world.request()).toMatchObject({ anything: { goes: true } });
  });
});

describe('a Promise that requires others', () => {
  it('waits for them, is woken by each step, and tells them while it needs them', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, plain('needy', { requiredPromises: [{ name: 'base', version: 'v2' }] }));
    const states = async (): Promise<unknown> => (await world.promise('needy')).status?.requiredPromises;
    await eventually(async () => expect(await states()).toEqual([{ name: 'base', version: 'v2', state: 'Requirement not installed' }]));
    expect(await world.promise('needy')).toMatchObject({ status: { status: 'Unavailable' } });
    expect(condition(await world.promise('needy'), 'RequirementsFulfilled')).toMatchObject({ status: 'False', reason: 'RequirementsNotInstalled', message: 'Requirements not fulfilled' });
    expect(condition(await world.promise('needy'), 'Reconciled')).toMatchObject({ status: 'Unknown', reason: 'RequirementsNotFulfilled', message: 'Pending' });

    await create(world.plane, plain('base', {}, { 'kratix.io/promise-version': 'v1' }));
    await eventually(async () => expect(await states()).toEqual([{ name: 'base', version: 'v2', state: 'Requirement not installed at the specified version' }]));
    await eventually(async () => expect((await world.promise('base')).status?.requiredBy).toEqual([{ promise: { name: 'needy', version: 'not-set' }, requiredVersion: 'v2' }]));

    await patch(world, 'base', { metadata: { labels: { 'kratix.io/promise-version': 'v2' } } });
    await isSo(world, 'needy', 'Available', { status: 'True' });
    expect(condition(await world.promise('needy'), 'RequirementsFulfilled')).toMatchObject({ status: 'True', reason: 'RequirementsInstalled', message: 'Requirements fulfilled' });

    await patch(world, 'base', { metadata: { labels: { 'kratix.io/paused': 'true' } } });
    await eventually(async () => expect(await states()).toEqual([{ name: 'base', version: 'v2', state: 'Requirement not available' }]));
    await isSo(world, 'needy', 'Available', { status: 'False' });
    await patch(world, 'base', { metadata: { labels: { 'kratix.io/paused': null } } });
    await isSo(world, 'needy', 'Available', { status: 'True' });

    await patch(world, 'needy', { spec: { requiredPromises: null } });
    await eventually(async () => expect((await world.promise('base')).status).not.toHaveProperty('requiredBy'));
    await eventually(async () => expect((await world.promise('needy')).status).not.toHaveProperty('requiredPromises'));
    await eventually(async () =>
      expect(await eventsOf(world, 'needy')).toEqual(
        expect.arrayContaining([
          'Normal RequirementsNotInstalled: Required Promise base not installed or unknown state',
          'Normal RequirementsFulfilled: All required promises are available',
          'Normal RequirementsNotAvailable: Waiting for required Promise base: Requirement not available',
          'Warning Unavailable: Promise no longer available: Requirements have changed',
        ]),
      ),
    );
  });

  it('parks its requests until they are there', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise(undefined, { requiredPromises: [{ name: 'base' }] }));
    await eventually(() => create(world.plane, bucketRequest()).then(() => true, () => false));
    await isSo(world, 'bucket', 'RequirementsFulfilled', { status: 'False' });
    expect(world.started).toEqual([]);
    await create(world.plane, plain('base'));
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
  });
});

describe('the deletion of a Promise', () => {
  it('goes through its stages in order, and each takes its finalizer with it', async () => {
    const order: string[] = [];
    const world = await startWorld({ ...IMAGES, 'test/last': async () => void order.push(`requests at the delete pipeline: ${(await world.plane.client.list(buckets)).items.length}`) });
    await using _world = world;
    const { client } = world.plane;
    await create(world.plane, bucketPromise(undefined, { dependencies: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }], workflows: { resource: { configure: [pipeline('make')] }, promise: { configure: [pipeline('own')], delete: [pipeline('last', 'test/last')] } } }));
    await eventually(() => create(world.plane, bucketRequest()).then(() => true, () => false));
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    expect((await world.promise()).metadata.finalizers).toEqual([
      'kratix.io/resource-request-cleanup',
      'kratix.io/dynamic-controller-dependant-resources-cleanup',
      'kratix.io/api-crd-cleanup',
      'kratix.io/dependencies-cleanup',
      'kratix.io/workflows-cleanup',
      'kratix.io/delete-workflows',
      'kratix.io/revision-cleanup',
    ]);

    const ended = new AbortController();
    const following = (async () => {
      let before = (await world.promise()).metadata.finalizers ?? [];
      for await (const { type, object } of client.watch<PlatformPromise>(promises, { signal: ended.signal, resourceVersion: '0' })) {
        if (type !== 'MODIFIED' && type !== 'DELETED') continue;
        const finalizers = type === 'DELETED' ? [] : ((object as PlatformPromise).metadata.finalizers ?? []);
        order.push(...before.filter((name) => !finalizers.includes(name)).sort((left, right) => STAGES.indexOf(left) - STAGES.indexOf(right)));
        before = finalizers;
        if (type === 'DELETED') return;
      }
    })();
    await client.delete(promises, { name: 'bucket' });
    await eventually(async () => (await client.find(promises, { name: 'bucket' })) === undefined);
    await following;
    ended.abort();
    expect(order).toEqual(['requests at the delete pipeline: 1', ...STAGES]);
    for (const kind of [works, jobs, promiseRevisions, customResourceDefinitions]) {
      expect((await client.list(kind, { labelSelector: 'kratix.io/promise-name=bucket' })).items).toEqual([]);
    }
    expect([...world.store.files.keys()].filter((path) => path.includes('bucket'))).toEqual([]);
  });

  it('waits for its delete workflow, says that it failed, and goes on when it is asked to', async () => {
    let isMended = false;
    await using world = await startWorld({ ...IMAGES, 'test/last': () => (isMended ? 0 : 3) });
    await create(world.plane, plain('plain', { workflows: { promise: { configure: [pipeline('own')], delete: [pipeline('last', 'test/last')] } } }));
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    await world.plane.client.delete(promises, { name: 'plain' });
    await isSo(world, 'plain', 'DeleteWorkflowCompleted', { status: 'False', reason: 'DeleteWorkflowFailed', message: 'The Delete Pipeline has failed' });
    expect((await world.promise('plain')).metadata.finalizers).toContain('kratix.io/delete-workflows');
    await eventually(async () => expect(await eventsOf(world, 'plain')).toEqual(expect.arrayContaining(['Normal PipelineStarted: Delete Pipeline started: last', 'Warning Failed Pipeline: The Delete Pipeline has failed'])));
    isMended = true;
    await patch(world, 'plain', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    await eventually(async () => (await world.plane.client.find(promises, { name: 'plain' })) === undefined);
  });

  it('goes on where it was when the platform is started again', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, bucketPromise(undefined, { dependencies: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }] }));
    for (const name of ['one', 'two', 'three']) await eventually(() => create(world.plane, bucketRequest(name)).then(() => true, () => false));
    await world.plane.client.delete(promises, { name: 'bucket' });
    for (let times = 0; times < 4; times += 1) await world.restart();
    await eventually(async () => (await world.plane.client.find(promises, { name: 'bucket' })) === undefined);
    for (const kind of [works, jobs, promiseRevisions, customResourceDefinitions]) expect((await world.plane.client.list(kind, { labelSelector: 'kratix.io/promise-name=bucket' })).items).toEqual([]);
  });

  it('of one without an API takes its revision and what it made', async () => {
    await using world = await startWorld(IMAGES);
    await create(world.plane, plain('plain', { workflows: { promise: { configure: [pipeline('own')] } } }));
    await isSo(world, 'plain', 'Reconciled', { status: 'True' });
    await world.plane.client.delete(promises, { name: 'plain' });
    await eventually(async () => (await world.plane.client.find(promises, { name: 'plain' })) === undefined);
    expect((await world.plane.client.list<PromiseRevision>(promiseRevisions)).items).toEqual([]);
    expect((await world.plane.client.list(works)).items).toEqual([]);
  });

  const STAGES = [
    'kratix.io/delete-workflows',
    'kratix.io/workflows-cleanup',
    'kratix.io/resource-request-cleanup',
    'kratix.io/revision-cleanup',
    'kratix.io/dynamic-controller-dependant-resources-cleanup',
    'kratix.io/dependencies-cleanup',
    'kratix.io/api-crd-cleanup',
  ];
});

describe('the ConfigMap kratix', () => {
  it('takes effect at once, and a document that cannot be read is refused', async () => {
    await using world = await startWorld(IMAGES);
    const settings = (config: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config } }) as KubeObject;
    await create(world.plane, bucketPromise());
    await isSo(world, 'bucket', 'Available', { status: 'True' });
    const jobOf = async (name: string): Promise<Job> => {
      await create(world.plane, bucketRequest(name));
      return eventually(async () => (await world.plane.client.list<Job>(jobs, { namespace: 'default', labelSelector: `kratix.io/resource-name=${name}` })).items[0] ?? false);
    };
    expect((await jobOf('before')).spec).toMatchObject({ backoffLimit: 1 });
    await create(world.plane, settings('workflows: { jobOptions: { defaultBackoffLimit: 4 }, defaultContainerSecurityContext: { runAsUser: 7 } }'));
    const job = await eventually(async () => {
      const made = await jobOf(`after-${world.started.length}-${Math.floor(performance.now())}`);
      return made.spec?.backoffLimit === 4 && made;
    });
    expect(job.spec?.template?.spec?.initContainers?.find(({ name }) => name === 'step-0')?.securityContext).toEqual({ runAsUser: 7 });
    expect(job.spec?.template?.spec?.initContainers?.find(({ name }) => name === 'reader')?.securityContext).not.toHaveProperty('runAsUser');
    await expect(world.plane.client.patch(configMaps, { namespace: 'kratix-platform-system', name: 'kratix' }, 'merge', { data: { config: 'reconciliationInterval: 1d' } })).rejects.toThrow('data.config.reconciliationInterval: Invalid value: "1d"');
  });
});
