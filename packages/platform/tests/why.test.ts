import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { destinations, gitStateStores, type Pod, pods, promises, resourceBindings, workPlacements } from '@plinth/api';
import { keyOf, type UnstructuredObject } from '@plinth/apimachinery';
import { StateStoreError } from '@plinth/state-store';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { why } from '../src/index.ts';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, create, startWorld, type World } from './world.ts';

const AUTHORS = '1Gi bucket';
const make: TestImage = ({ path }) => {
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'apiVersion: example.com/v1\nkind: Bucket\nmetadata: {name: one, namespace: default}\n');
  writeFileSync(join(path('/kratix/metadata'), 'status.yaml'), `message: ${AUTHORS}\n`);
};
const one = { namespace: 'default', name: 'one' };

/** The request says so itself, and so does the command, which reads the same objects from the API. */
async function says(world: World, sentence: string): Promise<void> {
  await eventually(async () => expect((await world.request()).status?.message).toBe(sentence));
  const chain = await why.readChain(world.plane.client, await world.request(), 'bucket', Date.now());
  expect(why.explain(chain)).toMatchObject({ isReady: false, sentence });
}

/** It is ready, and shows what its author has to say. */
async function isWell(world: World, message = AUTHORS): Promise<void> {
  await eventually(async () => {
    const request = await world.request();
    expect(request.status?.message).toBe(message);
    expect(request.status?.kratix?.replacedMessage).toBeUndefined();
    expect(request.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Reconciled', status: 'True' }));
  });
}

const label = (world: World, labels: object) => world.plane.client.patch(buckets, one, 'merge', { metadata: { labels } });
const labelDestination = (world: World, labels: object) => world.plane.client.patch(destinations, { name: 'worker' }, 'merge', { metadata: { labels } });

describe('the message of a request', () => {
  it('is the cause while it is not ready, and the author\'s again when it is', async () => {
    let fault: string | undefined = 'Error: "2 gigs" is no size';
    await using world = await startWorld({
      'test/make': (container) => {
        if (fault) throw new Error(fault);
        return make(container);
      },
    });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    await says(world, 'pipeline instance-configure failed: container step-0: Error: "2 gigs" is no size (exit code 1); correct it, or run it again with the label kratix.io/manual-reconciliation=true');
    fault = undefined;
    await label(world, { 'kratix.io/manual-reconciliation': 'true' });
    await isWell(world);

    await label(world, { 'kratix.io/paused': 'true' });
    await says(world, 'bucket default/one is paused by the label kratix.io/paused; remove the label');
    await label(world, { 'kratix.io/paused': null });
    await isWell(world);

    await labelDestination(world, { environment: 'prod' });
    const [placement] = (await world.plane.client.list(workPlacements, { namespace: 'default' })).items;
    await says(world, `Destination worker no longer has the labels environment=dev: the files are misplaced there; label it (kubectl label destination worker --overwrite environment=dev), or delete WorkPlacement ${placement!.metadata.name} to move them`);
    await labelDestination(world, { environment: 'dev' });
    await isWell(world);

    const [binding] = (await world.plane.client.list<UnstructuredObject>(resourceBindings, { namespace: 'default' })).items;
    await world.plane.client.patch(resourceBindings, { namespace: 'default', name: binding!.metadata.name }, 'merge', { spec: { version: 'v9' } });
    await says(world, `ResourceBinding ${binding!.metadata.name} asks for version v9 of Promise bucket, but there is not-set: set its spec.version to latest or to one that is there`);
    await world.plane.client.patch(resourceBindings, { namespace: 'default', name: binding!.metadata.name }, 'merge', { spec: { version: 'latest' } });
    await isWell(world);

    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { requiredPromises: [{ name: 'disks' }] } });
    await says(world, 'Promise bucket requires Promise disks, which is not installed; install it');
    const disks = (labels: Record<string, string>) => ({ ...bucketPromise(), metadata: { name: 'disks', labels }, spec: { dependencies: [] } });
    await create(world.plane, disks({}));
    await isWell(world);
    // From here on nothing of the request itself moves: what its Promise says is all that wakes it.
    await world.plane.client.delete(promises, { name: 'disks' });
    await says(world, 'Promise bucket requires Promise disks, which is not installed; install it');
    await create(world.plane, disks({ 'kratix.io/paused': 'true' }));
    await says(world, 'Promise bucket requires Promise disks, which is not available: it is paused by the label kratix.io/paused; see plinth why promise/disks');
    await world.plane.client.patch(promises, { name: 'disks' }, 'merge', { metadata: { labels: { 'kratix.io/paused': null } } });
    await isWell(world);
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { requiredPromises: null } });
    await isWell(world);
  }, 20_000);

  it('says that no node takes the pod, as long as none does', async () => {
    const taken = Promise.withResolvers<void>();
    await using world = await startWorld({
      'test/make': async (container) => {
        await taken.promise;
        return make(container);
      },
    });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    const pod = await eventually(async () => (await world.plane.client.list<Pod>(pods, { namespace: 'default' })).items[0] ?? false);
    const scheduled = (condition: object) => world.plane.client.patch(pods, keyOf(pod), 'merge', { status: { conditions: [{ type: 'PodScheduled', ...condition }] } }, { subresource: 'status' });
    await scheduled({ status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: insufficient memory.' });
    await says(world, 'pipeline instance-configure cannot start, its pod fits on no node: 0/1 nodes are available: insufficient memory; make room, or correct what the pipeline asks for');
    await scheduled({ status: 'True' });
    await eventually(async () => expect((await world.request()).status?.message).toBe('Pending'));
    taken.resolve();
    await isWell(world);
  });

  it('is why its Promise has never been available, before anything was done for it', async () => {
    let isBroken = true;
    await using world = await startWorld({
      'test/make': make,
      'test/prepare': () => {
        if (isBroken) throw new Error('no licence');
      },
    });
    const prepare = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'prepare' }, spec: { containers: [{ name: 'prepare', image: 'test/prepare' }] } };
    const { resource } = bucketPromise().spec!.workflows!;
    await create(world.plane, bucketPromise(undefined, { workflows: { resource, promise: { configure: [prepare] } } }));
    await create(world.plane, bucketRequest());
    await says(world, 'Promise bucket is not available: its pipeline failed: prepare: container prepare: no licence (exit code 1); see plinth why promise/bucket');
    expect((await world.request()).status?.conditions).toContainEqual(expect.objectContaining({ type: 'PromiseAvailable', status: 'False', reason: 'PromiseUnavailable' }));
    isBroken = false;
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } });
    await isWell(world);
    expect((await world.request()).status?.conditions).toContainEqual(expect.objectContaining({ type: 'PromiseAvailable', status: 'True' }));
  });

  it('names the labels that no Destination has, and those that there are, as they change', async () => {
    await using world = await startWorld({ 'test/make': make });
    await labelDestination(world, { environment: 'prod' });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest());
    const next = 'label it so (kubectl label destination worker --overwrite environment=dev), or change the selectors';
    await says(world, `no Destination has the labels environment=dev: worker has environment=prod; ${next}`);
    await labelDestination(world, { environment: null });
    await says(world, `no Destination has the labels environment=dev: worker lacks environment=dev; ${next}`);
    await labelDestination(world, { environment: 'dev' });
    await isWell(world);
  });

  it('says what is wrong with the state store, as it changes', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    world.store.broken = new StateStoreError('unreachable', 'failed to push to https://git.test/repo: connect ECONNREFUSED 127.0.0.1:443');
    await create(world.plane, bucketRequest());
    await says(world, 'GitStateStore default cannot be reached: failed to push to https://git.test/repo: connect ECONNREFUSED 127.0.0.1:443; see whether the server at https://git.test/repo runs');
    world.store.broken = new StateStoreError('unauthorized', 'failed to push to https://git.test/repo: the server answered 401');
    // The store is probed with growing pauses; a change of its spec brings the next one.
    await world.plane.client.patch(gitStateStores, { name: 'default' }, 'merge', { spec: { path: 'x' } });
    await says(world, 'GitStateStore default refuses the credentials: failed to push to https://git.test/repo: the server answered 401; correct its credentials (spec.secretRef)');
    world.store.broken = undefined;
    await world.plane.client.patch(gitStateStores, { name: 'default' }, 'merge', { spec: { path: 'y' } });
    await isWell(world);
  }, 20_000);

  it('shows nothing but the contract\'s words while things take their course', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise({ first: ['test/make'], second: ['test/make'] }));
    await eventually(async () => (await world.promise()).status?.status === 'Available');
    const seen = new Set<string>();
    const ended = new AbortController();
    const watching = (async () => {
      for await (const event of world.plane.client.watch<UnstructuredObject>(buckets, { signal: ended.signal })) {
        const message = (event.object as { readonly status?: { readonly message?: string } }).status?.message;
        if (message) seen.add(message);
      }
    })();
    await Promise.all(Array.from({ length: 10 }, (_, index) => create(world.plane, bucketRequest(index === 0 ? 'one' : `r${index}`))));
    await isWell(world);
    ended.abort();
    await watching;
    expect([...seen].sort()).toEqual([AUTHORS, 'Pending']);
  });
});
