import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterRoleBindings, jobs, promises, resourceBindings, roleBindings, type RoleBinding, workPlacements, works, type Job, type Work } from '@plinth/api';
import { parseYaml as parse } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

const make: TestImage = ({ path }) => {
  const { metadata } = parse(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { readonly metadata: { readonly namespace: string } };
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), `for: ${metadata.namespace}\n`);
};
const namespaces = async (world: World, ...names: readonly string[]): Promise<void> => {
  for (const name of names) await create(world.plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
};
const reconciled = (world: World, namespace: string) => eventually(async () => condition(await world.request('one', namespace), 'Reconciled')?.['status'] === 'True');
const resourceFiles = (world: World): Readonly<Record<string, string>> => Object.fromEntries([...world.store.files].filter(([path]) => path.startsWith('worker/resources/') && !path.includes('canary')).sort());

describe('requests of one name in several namespaces', () => {
  it('share a namespace of pipelines and nothing else', async () => {
    await using world = await startWorld({ 'test/make': make });
    const { client } = world.plane;
    await namespaces(world, 'pipelines', 'a', 'b');
    const promise = bucketPromise();
    await create(world.plane, { ...promise, spec: { ...promise.spec, workflows: { ...promise.spec!.workflows, config: { pipelineNamespace: 'pipelines' } } } } as typeof promise);
    for (const namespace of ['a', 'b', 'pipelines']) await create(world.plane, bucketRequest('one', {}, namespace));
    for (const namespace of ['a', 'b', 'pipelines']) await reconciled(world, namespace);

    expect(resourceFiles(world)).toEqual({
      'worker/resources/pipelines/bucket/a_one/instance-configure/5058f/bucket.yaml': 'for: a\n',
      'worker/resources/pipelines/bucket/b_one/instance-configure/5058f/bucket.yaml': 'for: b\n',
      'worker/resources/pipelines/bucket/one/instance-configure/5058f/bucket.yaml': 'for: pipelines\n',
    });
    const made = (await client.list<Job>(jobs)).items.map(({ metadata }) => [metadata.namespace, metadata.name.slice(0, -6), metadata.labels?.['kratix.io/resource-namespace'], metadata.ownerReferences?.length ?? 0]);
    expect(made.sort()).toEqual([
      ['pipelines', 'kratix-bucket-one-a-instance-configure', 'a', 0],
      ['pipelines', 'kratix-bucket-one-b-instance-configure', 'b', 0],
      ['pipelines', 'kratix-bucket-one-pipelines-instance-configure', 'pipelines', 1],
    ]);
    const written = (await client.list<Work>(works)).items.map(({ metadata }) => [metadata.namespace, metadata.name.slice(0, -6), metadata.labels?.['kratix.io/resource-namespace']]);
    expect(written.sort()).toEqual(['a', 'b', 'pipelines'].map((namespace) => ['pipelines', `bucket-one-${namespace}-instance-configure`, namespace]));
    // Rights in the namespaces of the requests, not everywhere.
    const rights = (await client.list<RoleBinding>(roleBindings, { namespace: 'a' })).items.map(({ metadata, roleRef, subjects }) => [metadata.name, roleRef?.kind, subjects?.[0]?.namespace]);
    expect(rights).toEqual([['bucket-resource-configure-instance-configure-a', 'ClusterRole', 'pipelines']]);
    expect((await client.list(clusterRoleBindings, { labelSelector: 'kratix.io/promise-name=bucket' })).items.map(({ metadata }) => metadata.name)).toEqual(['bucket-promise-controller']);

    await client.delete(buckets, { namespace: 'a', name: 'one' });
    await eventually(async () => (await client.find(buckets, { namespace: 'a', name: 'one' })) === undefined);
    await world.restart();
    await client.patch(buckets, { namespace: 'b', name: 'one' }, 'merge', { metadata: { labels: { note: 'x' } } });
    await eventually(async () => (await client.list(resourceBindings, { namespace: 'b', labelSelector: 'note=x' })).items.length === 1);
    expect(Object.keys(resourceFiles(world))).toEqual(['worker/resources/pipelines/bucket/b_one/instance-configure/5058f/bucket.yaml', 'worker/resources/pipelines/bucket/one/instance-configure/5058f/bucket.yaml']);
    expect((await client.list(workPlacements, { namespace: 'pipelines' })).items).toHaveLength(2);
    expect(world.started).toHaveLength(3);
  });

  it('do not know each other in namespaces of their own', async () => {
    await using world = await startWorld({ 'test/make': make });
    const { client } = world.plane;
    await namespaces(world, 'a', 'b');
    await create(world.plane, bucketPromise());
    for (const namespace of ['a', 'b']) await create(world.plane, bucketRequest('one', {}, namespace));
    for (const namespace of ['a', 'b']) await reconciled(world, namespace);
    await client.delete(buckets, { namespace: 'a', name: 'one' });
    await eventually(async () => (await client.find(buckets, { namespace: 'a', name: 'one' })) === undefined);
    await world.restart();
    await client.patch(buckets, { namespace: 'b', name: 'one' }, 'merge', { metadata: { labels: { note: 'x' } } });
    await eventually(async () => (await client.list(resourceBindings, { namespace: 'b', labelSelector: 'note=x' })).items.length === 1);
    expect(resourceFiles(world)).toEqual({ 'worker/resources/b/bucket/one/instance-configure/5058f/bucket.yaml': 'for: b\n' });
    expect((await client.list<Job>(jobs)).items.map(({ metadata }) => metadata.namespace)).toEqual(['b']);
    expect(world.started).toHaveLength(2);
  });

  it('move with their Promise to another namespace of pipelines, and leave nothing behind', async () => {
    await using world = await startWorld({ 'test/make': make });
    await namespaces(world, 'pipelines');
    const promise = bucketPromise();
    await create(world.plane, promise);
    await create(world.plane, bucketRequest());
    await reconciled(world, 'default');
    await world.plane.client.patch({ group: 'platform.kratix.io', version: 'v1alpha1', kind: 'Promise', plural: 'promises', namespaced: false }, { name: 'bucket' }, 'merge', { spec: { workflows: { config: { pipelineNamespace: 'pipelines' } } } });
    await eventually(() => expect(resourceFiles(world)).toEqual({ 'worker/resources/pipelines/bucket/default_one/instance-configure/5058f/bucket.yaml': 'for: default\n' }));
    await reconciled(world, 'default');
    await eventually(async () => expect((await world.plane.client.list<Work>(works)).items.map(({ metadata }) => metadata.namespace)).toEqual(['pipelines']));
  });
});

describe('a Promise that moves to another namespace for its pipelines', () => {
  it('takes its own Work along, and the folder that both have in common stays', async () => {
    const prepare: TestImage = ({ path }) => writeFileSync(join(path('/kratix/output'), 'quota.yaml'), 'kind: Quota\n');
    await using world = await startWorld({ 'test/make': make, 'test/prepare': prepare });
    const { client } = world.plane;
    await namespaces(world, 'before', 'after');
    const pipeline = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'prepare' }, spec: { containers: [{ name: 'prepare', image: 'test/prepare' }] } };
    const { resource } = bucketPromise().spec!.workflows!;
    await create(world.plane, bucketPromise(undefined, { workflows: { resource, promise: { configure: [pipeline] }, config: { pipelineNamespace: 'before' } } }));
    const file = 'worker/dependencies/bucket/prepare/5058f/quota.yaml';
    await eventually(() => expect(world.store.files.get(file)).toBe('kind: Quota\n'));

    await client.patch(promises, { name: 'bucket' }, 'merge', { spec: { workflows: { config: { pipelineNamespace: 'after' } } } });
    await eventually(async () => expect((await client.list<Work>(works)).items.map(({ metadata }) => metadata.namespace)).toEqual(['after']));
    await eventually(async () => expect((await client.list(workPlacements)).items.map(({ metadata }) => metadata.namespace)).toEqual(['after']));
    expect(world.store.files.get(file)).toBe('kind: Quota\n');

    await client.delete(promises, { name: 'bucket' });
    await eventually(() => expect(world.store.files.has(file)).toBe(false));
  });
});
