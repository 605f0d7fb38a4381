import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobs, promises, roles, serviceAccounts, works, type Job, type Role, type ServiceAccount, type Work } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

const good: TestImage = ({ path }) => {
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\n');
  writeFileSync(join(path('/kratix/metadata'), 'status.yaml'), 'message: your bucket is here\n');
};
const FILE = 'worker/resources/default/bucket/one/second/5058f/bucket.yaml';
const ONE = { namespace: 'default', name: 'one' };
const reconciled = (world: World) => eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
const label = (world: World, labels: Readonly<Record<string, string | null>>) => world.plane.client.patch(buckets, ONE, 'merge', { metadata: { labels } });
/** Something that makes the request's controller look again, and shows that it has looked. */
const looked = async (world: World): Promise<void> => {
  await label(world, { note: 'x' });
  const bindings = { group: 'platform.kratix.io', version: 'v1alpha1', kind: 'ResourceBinding', plural: 'resourcebindings', namespaced: true };
  await eventually(async () => (await world.plane.client.list(bindings, { namespace: 'default', labelSelector: 'note=x' })).items.length === 1);
};
const twoPipelines = () => bucketPromise({ first: ['test/good'], second: ['test/good'] });
const deleteJobs = async (world: World): Promise<void> => {
  for (const { metadata } of (await world.plane.client.list<Job>(jobs, { namespace: 'default' })).items) await world.plane.client.delete(jobs, { namespace: 'default', name: metadata.name });
};

describe('a request whose objects somebody deletes', () => {
  it('does not run again for lack of Jobs, and still runs for a change', async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    await deleteJobs(world);
    await looked(world);
    await world.restart();
    await reconciled(world);
    expect(world.started).toHaveLength(2);
    expect((await world.request()).status).toMatchObject({ workflowsSucceeded: 2, kratix: { workflows: { run: { number: 2, action: 'configure', pipeline: 'second' } } } });
    await world.plane.client.patch(buckets, ONE, 'merge', { spec: { size: '2Gi' } });
    await eventually(async () => (await world.request()).status?.kratix?.workflows?.run?.number === 4);
    await reconciled(world);
    expect(world.started).toHaveLength(4);
  });

  it('goes on where it was when the Job of a finished pipeline is gone, and keeps its failure', async () => {
    let isBroken = true;
    const pipelines: string[] = [];
    await using world = await startWorld({
      'test/good': (container) => {
        pipelines.push(container.env['KRATIX_PIPELINE_NAME']!);
        if (isBroken && container.env['KRATIX_PIPELINE_NAME'] === 'second') throw new Error('no disk');
        return good(container);
      },
    });
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'False');
    await deleteJobs(world);
    await looked(world);
    await world.restart();
    await looked(world);
    expect(condition(await world.request(), 'ConfigureWorkflowCompleted')).toMatchObject({ reason: 'ConfigureWorkflowFailed', message: 'A Configure Pipeline has failed: second: container step-0: no disk (exit code 1)' });
    expect(pipelines).toEqual(['first', 'second']);
    isBroken = false;
    await label(world, { 'kratix.io/manual-reconciliation': 'true' });
    await reconciled(world);
    expect(pipelines).toEqual(['first', 'second', 'first', 'second']);
  });

  it('makes a Work again that is gone, with its files', async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    const lost = (await world.plane.client.list<Work>(works, { namespace: 'default', labelSelector: 'kratix.io/pipeline-name=second' })).items[0]!;
    await world.plane.client.delete(works, { namespace: 'default', name: lost.metadata.name });
    await eventually(async () => (await world.plane.client.find<Work>(works, { namespace: 'default', name: lost.metadata.name }))?.metadata.uid !== lost.metadata.uid);
    await eventually(() => world.store.files.has(FILE));
    await reconciled(world);
    expect(world.started).toHaveLength(4);
  });
});

describe('a request that somebody suspends by hand', () => {
  it('starts nothing and keeps what it reached, until the label goes', async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    await label(world, { 'kratix.io/workflow-suspended': 'true' });
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['message'] === 'Suspended');
    await world.plane.client.patch(buckets, ONE, 'merge', { spec: { size: '2Gi' } });
    await looked(world);
    await world.restart();
    await label(world, { note: 'y' });
    expect((await world.request()).status).toMatchObject({ workflows: 2, workflowsSucceeded: 2 });
    expect(world.started).toHaveLength(2);
    await label(world, { 'kratix.io/workflow-suspended': null });
    await eventually(async () => (await world.request()).status?.observedGeneration === 2);
    await reconciled(world);
    expect(world.started).toHaveLength(4);
  });
});

describe('a run whose Job is refused', () => {
  it('is not lost, says why, and starts when it can', async () => {
    let isRefused = false;
    const unlessRefused = async <T>(resource: { readonly kind: string }, act: () => Promise<T>): Promise<T> => {
      if (isRefused && resource.kind === 'Job') throw new Error('the quota is used up');
      return act();
    };
    await using world = await startWorld({ 'test/good': good }, {}, { tap: (client) => ({ client: { ...client, create: (resource, object, options) => unlessRefused(resource, () => client.create(resource, object, options)) } }) });
    const { client } = world.plane;
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    isRefused = true;
    await label(world, { 'kratix.io/manual-reconciliation': 'true' });
    await eventually(async () => expect(condition(await world.request(), 'ConfigureWorkflowCompleted')).toMatchObject({ status: 'False', message: expect.stringContaining('cannot be started') }));
    isRefused = false;
    await reconciled(world);
    expect(world.started).toHaveLength(4);
    expect((await client.get(buckets, ONE)).metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
  });
});

describe('the message of a request', () => {
  it("is the author's when the request works, before and after it did not", async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, twoPipelines());
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect((await world.request()).status?.message).toBe('your bucket is here');
    const requires = (requiredPromises: readonly object[]) => world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { requiredPromises } });
    await requires([{ name: 'disk', version: 'v1' }]);
    await eventually(async () => {
      const request = await world.request();
      expect(condition(request, 'PromiseAvailable')).toMatchObject({ status: 'False' });
      expect(request.status?.message).toContain('disk');
    });
    await requires([]);
    await eventually(async () => {
      const { status } = await world.request();
      expect([status?.message, status?.kratix?.replacedMessage]).toEqual(['your bucket is here', undefined]);
    });
  });
});

describe('a request without pipelines', () => {
  it('is reconciled, also when it had some', async () => {
    await using world = await startWorld({ 'test/good': good });
    await create(world.plane, bucketPromise({}));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect((await world.request()).status).toMatchObject({ workflows: 0, observedGeneration: 1, promiseVersion: 'not-set', resourceBindingVersion: 'latest' });
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: twoPipelines().spec });
    await eventually(() => world.store.files.has(FILE));
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { workflows: { resource: { configure: [] } } } });
    await eventually(() => !world.store.files.has(FILE));
    await reconciled(world);
    expect((await world.plane.client.list(works, { namespace: 'default' })).items).toEqual([]);
  });
});

describe('an object that is changed while its run begins', () => {
  it('is shown to no step of that run, and to those of the next', async () => {
    const sizes: string[] = [];
    const note: TestImage = (container) => {
      sizes.push(/size: (\S+)/.exec(readFileSync(join(container.path('/kratix/input'), 'object.yaml'), 'utf8'))![1]!);
      return good(container);
    };
    let edits = 1;
    let edit = async (): Promise<unknown> => undefined;
    // As late as can be: the run is decided and written down.
    const tap = (client: Client) => ({
      client: {
        ...client,
        create: async <T extends KubeObject>(...[resource, object, options]: Parameters<Client['create']>): Promise<T> => {
          if (resource.plural === 'jobs' && !options?.dryRun && edits-- > 0) await edit();
          return client.create(resource, object as T, options);
        },
      } as Client,
    });
    await using world = await startWorld({ 'test/note': note }, {}, { tap });
    edit = () => world.plane.client.patch(buckets, ONE, 'merge', { spec: { size: '2Gi' } });
    await create(world.plane, bucketPromise({ only: ['test/note'] }));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    await eventually(() => sizes.length > 0);
    expect(sizes).toEqual(['2Gi']);
    expect(world.started).toHaveLength(2);
    expect((await world.request()).status).toMatchObject({ observedGeneration: 2, workflowsSucceeded: 1, kratix: { workflows: { run: { number: 2 } } } });
  });

  it('runs anew when it was changed back before the platform looked', async () => {
    let created = 0;
    const tap = (client: Client) => ({
      client: {
        ...client,
        // The first Job is of a generation before this one: as if the object had been another for a moment, and its reader had seen that.
        create: async <T extends KubeObject>(...[resource, object, options]: Parameters<Client['create']>): Promise<T> => {
          const text = JSON.stringify(object);
          const isFirst = resource.plural === 'jobs' && !options?.dryRun && created++ === 0;
          const changed = isFirst ? text.replace(/("PLINTH_OBJECT_HASH","value":)"[^"]+"/, '$1"other"').replaceAll(/("PLINTH_OBJECT_GENERATION","value":|"plinth.dev\/generation":)"1"/g, '$1"0"') : text;
          return client.create(resource, JSON.parse(changed) as T, options);
        },
      } as Client,
    });
    await using world = await startWorld({ 'test/good': good }, {}, { tap });
    await create(world.plane, bucketPromise({ only: ['test/good'] }));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect(world.started).toHaveLength(2);
  });
});

describe('the interval', () => {
  it('runs a workflow again after its end, and one that failed if that is wanted', async () => {
    let runs = 0;
    await using world = await startWorld({ 'test/good': (container) => ((runs += 1) === 1 ? 1 : good(container)) }, { reconciliationIntervalMs: 1000 });
    await create(world.plane, bucketPromise({ second: ['test/good'] }));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect(runs).toBeGreaterThanOrEqual(2);
    await eventually(() => runs >= 3);
  });

  it('tries a delete workflow again', async () => {
    let runs = 0;
    await using world = await startWorld({ 'test/good': good, 'test/undo': () => ((runs += 1) === 1 ? 1 : 0) }, { reconciliationIntervalMs: 1000 });
    const { spec } = twoPipelines();
    const { configure = [] } = spec!.workflows!.resource!;
    const undo = ['undo', 'undo-more'].map((name) => ({ ...configure[0]!, metadata: { name }, spec: { containers: [{ name: 'undo', image: 'test/undo' }] } }));
    await create(world.plane, { ...twoPipelines(), spec: { ...spec, workflows: { config: { reconciliationInterval: '10h' }, resource: { configure, delete: undo } } } } as KubeObject);
    await create(world.plane, bucketRequest());
    await reconciled(world);
    await world.plane.client.delete(buckets, ONE);
    const failed = await eventually(async () => {
      const found = await world.request();
      return condition(found, 'DeleteWorkflowCompleted') !== undefined && found;
    });
    expect(condition(failed, 'DeleteWorkflowCompleted')).toMatchObject({ status: 'False', reason: 'DeleteWorkflowFailed', message: 'The Delete Pipeline has failed' });
    expect(failed.status?.kratix?.workflows?.pipelines).toMatchObject([{ name: 'first', phase: 'Succeeded' }, { name: 'second', phase: 'Succeeded' }, { name: 'undo', phase: 'Failed' }, { name: 'undo-more', phase: 'Pending' }]);
    const hash = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(failed.status?.kratix?.workflows?.configure?.pipelines).toMatchObject([{ name: 'first', phase: 'Succeeded', hash }, { name: 'second', phase: 'Succeeded', hash }]);
    expect(failed.status?.kratix?.workflows?.delete?.pipelines).toMatchObject([{ name: 'undo', phase: 'Failed', hash }, { name: 'undo-more', phase: 'Pending' }]);
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { workflows: { config: { reconciliationInterval: null } } } });
    await eventually(async () => (await world.plane.client.find(buckets, ONE)) === undefined);
    // One that failed, the same again, and the second one.
    expect(runs).toBe(3);
  });
});

describe('the rights of a pipeline', () => {
  it('go when it does not ask for them any more, and an account that is not ours stays as it is', async () => {
    await using world = await startWorld({ 'test/good': good });
    const { client } = world.plane;
    await create(world.plane, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'mine', namespace: 'default', labels: { owner: 'me' } } } as KubeObject);
    const withRbac = (rbac: object): KubeObject => {
      const promise = bucketPromise({ second: ['test/good'] });
      const [pipeline] = promise.spec!.workflows!.resource!.configure as unknown as { readonly spec: object }[];
      return { ...promise, spec: { ...promise.spec, workflows: { resource: { configure: [{ ...pipeline, spec: { ...pipeline!.spec, rbac } }] } } } } as KubeObject;
    };
    const asked = async () =>
      (await client.list<Role>(roles, { namespace: 'default', labelSelector: 'kratix.io/pipeline-name=second' })).items.map(({ rules }) => rules?.map(({ resources, verbs }) => [resources, verbs]));
    await create(world.plane, withRbac({ serviceAccount: 'mine', permissions: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }, { resourceNamespace: 'kube-system', apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }));
    await create(world.plane, bucketRequest());
    await reconciled(world);
    expect(await asked()).toEqual([[[['pods'], ['list']]]]);
    const elsewhere = { group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleBinding', plural: 'rolebindings', namespaced: true };
    expect((await client.list(elsewhere, { namespace: 'kube-system', labelSelector: 'kratix.io/promise-name=bucket' })).items).toHaveLength(1);
    expect((await client.get<ServiceAccount>(serviceAccounts, { namespace: 'default', name: 'mine' })).metadata.labels).toEqual({ owner: 'me' });
    const { items: own } = await client.list<Role>(roles, { namespace: 'default', labelSelector: 'kratix.io/promise-name=bucket,!kratix.io/pipeline-name' });
    expect(own.map(({ metadata, rules }) => [metadata.name, rules])).toEqual([
      [
        'bucket-resource-configure-second',
        [
          { apiGroups: ['example.com'], resources: ['buckets', 'buckets/status'], verbs: ['get', 'list', 'update', 'create', 'patch'] },
          { apiGroups: ['platform.kratix.io'], resources: ['works'], verbs: ['*'] },
        ],
      ],
    ]);

    await client.patch(promises, { name: 'bucket' }, 'merge', { spec: (withRbac({ serviceAccount: 'mine' }) as unknown as { readonly spec: object }).spec });
    await eventually(async () => expect(await asked()).toEqual([]));
    await eventually(async () => expect((await client.list(elsewhere, { namespace: 'kube-system', labelSelector: 'kratix.io/promise-name=bucket' })).items).toEqual([]));
    await reconciled(world);
  });
});
