import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configMaps, events, promiseRevisions, promises, resourceBindings, roles, type ConfigMap, type Event, type PromiseRevision, type ResourceBinding } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

/** The file says which version of the Promise made it; a version called `bad` fails. */
const make: TestImage = ({ env, path }) => {
  if (env['VERSION'] === 'bad') throw new Error('does not work');
  readFileSync(join(path('/kratix/input'), 'object.yaml'));
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), `version: ${env['VERSION']}\n`);
};
const FILE = 'worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml';
const NAME = 'one-bucket-fc305';

const promiseOf = (version: string, behaviour = version, extra: object = {}, rbac: object = {}): KubeObject => {
  const promise = JSON.parse(JSON.stringify(bucketPromise({ 'instance-configure': ['test/make'] }, extra)).replace('"SIZE","value":"1Gi"', `"VERSION","value":"${behaviour}"`));
  promise.metadata.labels = { 'kratix.io/promise-version': version };
  Object.assign(promise.spec.workflows.resource.configure[0].spec, rbac);
  return promise as KubeObject;
};
const apply = async (world: World, promise: KubeObject): Promise<void> => {
  if (!(await world.plane.client.find(promises, { name: 'bucket' }))) return create(world.plane, promise);
  const { labels } = promise.metadata;
  await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { metadata: { labels }, spec: (promise as unknown as { readonly spec: object }).spec });
};
const binding = (world: World, name = NAME) => world.plane.client.get<ResourceBinding>(resourceBindings, { namespace: 'default', name });
const ask = (world: World, version: string, name = NAME) => world.plane.client.patch(resourceBindings, { namespace: 'default', name }, 'merge', { spec: { version } });
const upgrade = async (world: World) => {
  const { status, reason, message } = (condition(await binding(world), 'UpgradeSucceeded') ?? {}) as Record<string, unknown>;
  return [status, reason, message];
};
const isAt = (world: World, version: string, wanted = 'latest', behaviour = version) =>
  eventually(async () => {
    const request = await world.request();
    expect(condition(request, 'Reconciled')).toMatchObject({ status: 'True' });
    expect(request.status).toMatchObject({ promiseVersion: version, resourceBindingVersion: wanted });
    expect(world.store.files.get(FILE)).toBe(`version: ${behaviour}\n`);
    const found = await binding(world);
    expect([found.spec?.version, found.status?.lastAppliedVersion]).toEqual([wanted, version]);
  });

describe('a request that follows the latest version', () => {
  it('is upgraded at once when there is another, and only runs when that one is different', async () => {
    await using world = await startWorld({ 'test/make': make });
    await apply(world, promiseOf('v1'));
    await create(world.plane, bucketRequest());
    await isAt(world, 'v1');
    const found = await binding(world);
    expect(found.metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket', 'kratix.io/resource-name': 'one' });
    expect(found.spec).toEqual({ version: 'latest', promiseRef: { name: 'bucket' }, resourceRef: { name: 'one', namespace: 'default' } });
    expect(condition(found, 'UpgradeSucceeded')).toBeUndefined();

    await apply(world, promiseOf('v2'));
    await isAt(world, 'v2');
    expect(await upgrade(world)).toEqual(['True', 'UpgradeComplete', 'Resource is at version v2']);
    expect(world.started).toHaveLength(2);

    await apply(world, promiseOf('v3', 'v2'));
    await isAt(world, 'v3', 'latest', 'v2');
    expect(await upgrade(world)).toEqual(['True', 'UpgradeComplete', 'Resource is at version v3']);
    expect(world.started).toHaveLength(2);

    await eventually(async () => {
      const { items } = await world.plane.client.list<PromiseRevision>(promiseRevisions);
      expect(items.map(({ spec, status, metadata: { labels, finalizers } }) => [spec?.version, status?.latest, labels?.['kratix.io/latest-revision'], finalizers]).sort()).toEqual([
        ['v1', false, undefined, ['kratix.io/resource-request-cleanup']],
        ['v2', false, undefined, ['kratix.io/resource-request-cleanup']],
        ['v3', true, 'true', ['kratix.io/resource-request-cleanup']],
      ]);
    });
    await eventually(async () => {
      const { items: notes } = await world.plane.client.list<Event>(events, { namespace: 'default' });
      expect(notes.map(({ reason, note }) => `${reason}: ${note}`)).toEqual(expect.arrayContaining(['BindingCreated: ResourceBinding one-bucket-fc305 created: version latest', 'ReconcileSucceeded: Resource request reconciled with promise bucket version v2']));
      expect(notes.filter(({ reason }) => reason === 'FailedPromiseRevisionLookup')).toEqual([]);
    });
  });

  it('says that an upgrade failed, and forgets it when it works', async () => {
    await using world = await startWorld({ 'test/make': make });
    await apply(world, promiseOf('v1'));
    await create(world.plane, bucketRequest());
    await isAt(world, 'v1');
    await apply(world, promiseOf('v2', 'bad'));
    await eventually(async () => expect(await upgrade(world)).toEqual(['False', 'UpgradeFailed', expect.stringContaining('does not work')]));
    expect((await binding(world)).status).toMatchObject({ lastAppliedVersion: 'v1', failedVersion: 'v2' });
    expect(world.store.files.get(FILE)).toBe('version: v1\n');
    await apply(world, promiseOf('v2'));
    await isAt(world, 'v2');
    expect(await upgrade(world)).toEqual(['True', 'UpgradeComplete', 'Resource is at version v2']);
    expect((await binding(world)).status?.failedVersion).toBeUndefined();
  });
});

describe('a request that is bound to a version', () => {
  it('stays there, moves when its binding does, and says when there is no such version', async () => {
    await using world = await startWorld({ 'test/make': make }, { resourceBindingVersionStrategy: 'pinned' });
    await apply(world, promiseOf('v1'));
    await create(world.plane, bucketRequest());
    await isAt(world, 'v1', 'v1');
    await apply(world, promiseOf('v2'));
    await eventually(async () => (await world.plane.client.list<PromiseRevision>(promiseRevisions)).items.find(({ spec }) => spec?.version === 'v2')?.status?.latest === true);
    await world.restart();
    await isAt(world, 'v1', 'v1');

    await ask(world, 'v2');
    await isAt(world, 'v2', 'v2');
    await ask(world, 'v9');
    await eventually(async () => {
      const request = await world.request();
      expect(condition(request, 'Reconciled')).toMatchObject({ status: 'Unknown', reason: 'PromiseRevisionNotFound', message: 'Pending' });
      expect(request.status?.message).toContain('v9');
    });
    await eventually(async () => expect((await world.plane.client.list<Event>(events, { namespace: 'default' })).items.map(({ reason }) => reason)).toContain('FailedPromiseRevisionLookup'));
    await ask(world, 'v1');
    await isAt(world, 'v1', 'v1');
    expect((await world.request()).status?.message).toBe('Resource requested');
    expect(world.started).toHaveLength(3);
    await ask(world, 'latest');
    await isAt(world, 'v2');
  });

  it('has selectors and rights of its own, whatever other versions say', async () => {
    await using world = await startWorld({ 'test/make': make });
    const permissions = (resource: string): object => ({ rbac: { permissions: [{ apiGroups: [''], resources: [resource], verbs: ['list'] }] } });
    await create(world.plane, { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'ResourceBinding', metadata: { name: 'mine', namespace: 'default', labels: { 'kratix.io/promise-name': 'bucket', 'kratix.io/resource-name': 'one' } }, spec: { version: 'v1', promiseRef: { name: 'bucket' }, resourceRef: { name: 'one', namespace: 'default' } } } as KubeObject);
    await apply(world, promiseOf('v1', 'v1', { destinationSelectors: [{ matchLabels: { environment: 'dev' } }] }, permissions('pods')));
    await create(world.plane, bucketRequest());
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    expect((await binding(world, 'mine')).status?.lastAppliedVersion).toBe('v1');
    await apply(world, promiseOf('v2', 'v2', { destinationSelectors: [] }, permissions('services')));
    await create(world.plane, bucketRequest('two'));
    await eventually(async () => condition(await world.request('two'), 'Reconciled')?.['status'] === 'True');
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '2Gi' } });
    await eventually(async () => (await world.request()).status?.observedGeneration === 2 && condition(await world.request(), 'Reconciled')?.['status'] === 'True');

    const selectors = (await world.plane.client.list<ConfigMap>(configMaps, { namespace: 'default', labelSelector: 'kratix.io/promise-name=bucket' })).items;
    expect(selectors.map(({ metadata, data }) => [metadata.name, data?.['destinationSelectors']])).toEqual([
      ['destination-selectors-bucket', '[]\n'],
      [expect.stringMatching(/^destination-selectors-bucket-[0-9a-f]{5}$/), '- matchlabels:\n    environment: dev\n  source: promise\n'],
    ]);
    const allowed = (await world.plane.client.list(roles, { namespace: 'default', labelSelector: 'kratix.io/workflow-type=resource' })).items as unknown as { readonly rules: { readonly resources: string[] }[] }[];
    expect(allowed.map(({ rules }) => rules[0]!.resources[0]).sort()).toEqual(['pods', 'services']);
    expect((await world.plane.client.list<ResourceBinding>(resourceBindings, { namespace: 'default', labelSelector: 'kratix.io/resource-name=one' })).items).toHaveLength(1);

    // The version goes with the request that is bound to it, and with what was made for it.
    const old = (await world.plane.client.list<PromiseRevision>(promiseRevisions)).items.find(({ spec }) => spec?.version === 'v1')!;
    await world.plane.client.delete(promiseRevisions, { name: old.metadata.name });
    await eventually(async () => {
      expect(await world.plane.client.find(promiseRevisions, { name: old.metadata.name })).toBeUndefined();
      expect((await world.plane.client.list(buckets)).items.map(({ metadata }) => metadata.name)).toEqual(['two']);
      expect((await world.plane.client.list(configMaps, { namespace: 'default', labelSelector: 'kratix.io/promise-version=v1' })).items).toEqual([]);
    });
    expect((await world.plane.client.list<ResourceBinding>(resourceBindings, { namespace: 'default' })).items.map(({ spec }) => spec?.resourceRef?.name)).toEqual(['two']);
  });
});

describe('a revision', () => {
  it('has the interval that its Promise is annotated with, as long as it is', async () => {
    await using world = await startWorld({ 'test/make': make });
    await apply(world, promiseOf('v1'));
    const annotate = (value: string | null) => world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { metadata: { annotations: { 'kratix.io/reconciliation-interval': value } } });
    const has = (value: string | undefined) =>
      eventually(async () => {
        const { items } = await world.plane.client.list<PromiseRevision>(promiseRevisions);
        expect(items.map(({ metadata, status }) => [metadata.annotations?.['kratix.io/reconciliation-interval'], status?.latest])).toEqual([[value, true]]);
      });
    await has(undefined);
    await annotate('2h');
    await has('2h');
    await annotate(null);
    await has(undefined);
  });

  it('goes together with the binding that waits for a request nobody made', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'ResourceBinding', metadata: { name: 'early', namespace: 'default', labels: { 'kratix.io/promise-name': 'bucket', 'kratix.io/resource-name': 'never' } }, spec: { version: 'v1', promiseRef: { name: 'bucket' }, resourceRef: { name: 'never', namespace: 'default' } } } as KubeObject);
    await apply(world, promiseOf('v1'));
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    await apply(world, promiseOf('v2'));
    const old = await eventually(async () => (await world.plane.client.list<PromiseRevision>(promiseRevisions)).items.find(({ spec, status }) => spec?.version === 'v1' && status?.latest === false) ?? false);
    expect((await binding(world, 'early')).spec?.version).toBe('v1');
    await world.plane.client.delete(promiseRevisions, { name: old.metadata.name });
    await eventually(async () => {
      expect(await world.plane.client.find(promiseRevisions, { name: old.metadata.name })).toBeUndefined();
      expect(await world.plane.client.find(resourceBindings, { namespace: 'default', name: 'early' })).toBeUndefined();
    });
  });
});

describe('a binding', () => {
  it('comes back with its version, follows the labels of its request, and hands on what it is asked', async () => {
    await using world = await startWorld({ 'test/make': make });
    await apply(world, promiseOf('v1'));
    await create(world.plane, bucketRequest());
    await isAt(world, 'v1');
    await ask(world, 'v1');
    await isAt(world, 'v1', 'v1');
    await apply(world, promiseOf('v2'));
    await world.plane.client.delete(resourceBindings, { namespace: 'default', name: NAME });
    await eventually(async () => (await world.plane.client.find<ResourceBinding>(resourceBindings, { namespace: 'default', name: NAME }))?.spec?.version === 'v1');
    const label = (value: string | null) => world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { team: value } } });
    await label('a');
    await eventually(async () => (await binding(world)).metadata.labels?.['team'] === 'a');
    await label(null);
    await eventually(async () => expect((await binding(world)).metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket', 'kratix.io/resource-name': 'one' }));
    expect(world.started).toHaveLength(1);

    await world.plane.client.patch(resourceBindings, { namespace: 'default', name: NAME }, 'merge', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    await eventually(async () => expect(await upgrade(world)).toEqual(['True', 'UpgradeComplete', 'Resource is at version v1']));
    await isAt(world, 'v1', 'v1');
    expect((await binding(world)).metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket', 'kratix.io/resource-name': 'one' });
    expect(world.started).toHaveLength(2);
  });
});
