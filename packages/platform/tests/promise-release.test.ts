import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { events, promiseReleases, promises, secrets, type Event, type PlatformPromise, type PromiseRelease } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { condition, create, startWorld, type World } from './world.ts';

interface Publisher extends Disposable {
  readonly url: string;
  /** What each request had as its header `Authorization`. */
  readonly asked: (string | undefined)[];
  readonly publish: (path: string, answer: object | number | { readonly redirect: string }) => void;
}

/** Where Promises are published; what is not there is 404. */
async function startPublisher(): Promise<Publisher> {
  const answers = new Map<string, object | number>();
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    const answer = answers.get(request.url ?? '') ?? 404;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else if ('redirect' in answer) response.writeHead(302, { location: String(answer.redirect) }).end();
    else response.end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    publish: (path, answer) => void answers.set(path, answer),
    [Symbol.dispose]: () => void server.close().closeAllConnections(),
  };
}

const promise = (version: string | undefined, note = 'a'): object => ({
  apiVersion: 'platform.kratix.io/v1alpha1',
  kind: 'Promise',
  metadata: { name: 'thing', ...(version ? { labels: { 'kratix.io/promise-version': version } } : {}), annotations: { note } },
  spec: { destinationSelectors: [{ matchLabels: { note } }] },
});
const release = (url: string, spec: object = {}): KubeObject => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'PromiseRelease', metadata: { name: 'thing-release' }, spec: { ...spec, sourceRef: { url, ...(spec as { sourceRef?: object }).sourceRef } } }) as KubeObject;
const read = (world: World): Promise<PromiseRelease> => world.plane.client.get<PromiseRelease>(promiseReleases, { name: 'thing-release' });
const installed = (world: World, expected: object): Promise<void> => eventually(async () => expect(condition(await read(world), 'Installed')).toMatchObject(expected));

describe('a PromiseRelease', () => {
  it('installs the Promise at its address, follows its version, and takes it away again', async () => {
    await using world = await startWorld({});
    using publisher = await startPublisher();
    publisher.publish('/v1', promise('v1'));
    publisher.publish('/v2', promise('v2', 'b'));
    await create(world.plane, release(`${publisher.url}/v1`));
    await installed(world, { status: 'True', reason: 'InstalledSuccessfully', message: 'Installed successfully' });
    expect(await read(world)).toMatchObject({ metadata: { finalizers: ['kratix.io/promise-cleanup'] }, spec: { version: 'v1' }, status: { status: 'Installed' } });
    const { uid } = (await read(world)).metadata;
    expect(await world.promise('thing')).toMatchObject({
      metadata: { labels: { 'kratix.io/promise-version': 'v1', 'kratix.io/promise-release-name': 'thing-release' }, annotations: { note: 'a' }, ownerReferences: [{ kind: 'PromiseRelease', name: 'thing-release', uid, controller: true }] },
    });

    await world.plane.client.patch(promises, { name: 'thing' }, 'merge', { metadata: { labels: { team: 'x' } } });
    await world.plane.client.patch(promiseReleases, { name: 'thing-release' }, 'merge', { spec: { version: 'v2', sourceRef: { url: `${publisher.url}/v2` } } });
    await eventually(async () => expect(await world.promise('thing')).toMatchObject({ metadata: { labels: { 'kratix.io/promise-version': 'v2', team: 'x' }, annotations: { note: 'b' } }, spec: { destinationSelectors: [{ matchLabels: { note: 'b' } }] } }));

    const before = publisher.asked.length;
    const first = await world.promise('thing');
    await world.plane.client.delete(promises, { name: 'thing' });
    await eventually(async () => {
      const second = await world.plane.client.find<PlatformPromise>(promises, { name: 'thing' });
      return second !== undefined && second.metadata.uid !== first.metadata.uid && second.status?.status === 'Available';
    });
    expect(publisher.asked.length).toBe(before + 1);

    await world.plane.client.delete(promiseReleases, { name: 'thing-release' });
    await eventually(async () => (await world.plane.client.find(promiseReleases, { name: 'thing-release' })) === undefined);
    expect(await world.plane.client.find(promises, { name: 'thing' })).toBeUndefined();
  });

  it('says what is wrong with what it finds, and goes on when that is mended', async () => {
    await using world = await startWorld({});
    using publisher = await startPublisher();
    publisher.publish('/p', promise(undefined));
    await create(world.plane, release(`${publisher.url}/p`));
    await installed(world, { status: 'False', reason: 'VersionLabelNotFound', message: 'the Promise thing that was fetched has no label kratix.io/promise-version' });
    expect((await read(world)).status?.status).toBe('Error installing');

    publisher.publish('/p', promise('v1'));
    const setVersion = (version: string): Promise<unknown> => world.plane.client.patch(promiseReleases, { name: 'thing-release' }, 'merge', { spec: { version } });
    await setVersion('v2');
    await installed(world, { status: 'False', reason: 'VersionNotMatching', message: 'the Promise thing that was fetched is of version v1, not of v2' });

    publisher.publish('/p', 503);
    await setVersion('v3');
    await installed(world, { status: 'False', reason: 'FailedToFetchPromise', message: `cannot fetch ${publisher.url}/p: the server answered 503 Service Unavailable, not 200` });

    publisher.publish('/p', { ...promise('v4'), spec: { requiredPromises: [], workflows: { config: { reconciliationInterval: '1s' } } } });
    await setVersion('v4');
    await eventually(async () => expect(condition(await read(world), 'Installed')).toMatchObject({ reason: 'FailedToCreateOrUpdatePromise', message: expect.stringContaining('must be at least 1m') }));
    expect(await world.plane.client.find(promises, { name: 'thing' })).toBeUndefined();

    publisher.publish('/p', promise('v5'));
    await setVersion('v5');
    await installed(world, { status: 'True' });
    await eventually(async () => {
      const { items } = await world.plane.client.list<Event>(events);
      expect(items.filter(({ regarding }) => regarding?.kind === 'PromiseRelease').map(({ type, reason }) => `${type} ${reason}`).sort()).toEqual(['Warning Failed', 'Warning Failed', 'Warning Invalid Promise', 'Warning Invalid Promise']);
    });
  });

  it('shows the header of its Secret to the server that it names, and to no other', async () => {
    await using world = await startWorld({});
    using publisher = await startPublisher();
    using elsewhere = await startPublisher();
    publisher.publish('/here', { redirect: '/there' });
    publisher.publish('/there', { redirect: `${elsewhere.url}/p` });
    elsewhere.publish('/p', promise('v1'));
    await world.plane.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: 'default' }, data: { authorizationHeader: Buffer.from('Bearer s3cret\n').toString('base64') } } as KubeObject);
    await create(world.plane, release(`${publisher.url}/here`, { sourceRef: { secretRef: { name: 'login', namespace: 'default' } } }));
    await installed(world, { status: 'True' });
    expect(new Set(publisher.asked)).toEqual(new Set(['Bearer s3cret']));
    expect(new Set(elsewhere.asked)).toEqual(new Set([undefined]));
  });

  it('takes a login from its address, and shows it to nobody else', async () => {
    await using world = await startWorld({});
    using publisher = await startPublisher();
    using elsewhere = await startPublisher();
    const withLogin = (url: string): string => url.replace('http://', 'http://ada:s%23cret@');
    publisher.publish('/here', { redirect: `${withLogin(elsewhere.url)}/p` });
    elsewhere.publish('/p', promise('v1'));
    await create(world.plane, release(`${withLogin(publisher.url)}/here`));
    await installed(world, { status: 'True' });
    expect(new Set(publisher.asked)).toEqual(new Set([`Basic ${Buffer.from('ada:s#cret').toString('base64')}`]));
    expect(new Set(elsewhere.asked)).toEqual(new Set([undefined]));
    for (const path of ['/gone', ':99999/gone']) {
      const refused = await world.plane.client.create(promiseReleases, { ...release(`${withLogin(publisher.url)}${path}`), metadata: { name: 'second' } } as PromiseRelease).catch((error: unknown) => String(error));
      expect(refused).toContain('spec.sourceRef');
      expect(refused).not.toContain('cret');
    }
  });

  it('does not take the Promise of another release, and does not ask a failing server again and again', async () => {
    await using world = await startWorld({});
    using publisher = await startPublisher();
    publisher.publish('/p', promise('v1'));
    await create(world.plane, { ...(promise('v0') as PlatformPromise), metadata: { name: 'thing', labels: { 'kratix.io/promise-version': 'v0', 'kratix.io/promise-release-name': 'mine' } } });
    await create(world.plane, release(`${publisher.url}/p`));
    await installed(world, { reason: 'FailedToCreateOrUpdatePromise', message: 'cannot install the Promise thing: it belongs to the PromiseRelease mine' });
    const asked = publisher.asked.length;
    for (const note of ['1', '2', '3']) await world.plane.client.patch(promiseReleases, { name: 'thing-release' }, 'merge', { metadata: { annotations: { note } } });
    await create(world.plane, { ...(promise('v9') as PlatformPromise), metadata: { name: 'witness', labels: { 'kratix.io/promise-version': 'v9' } } });
    await eventually(async () => (await world.promise('witness')).status?.status === 'Available');
    expect(publisher.asked.length).toBe(asked);
  });
});
