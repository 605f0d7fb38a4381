import { conflict, gone, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import { eventually, fakeApi, startControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { createClient, listAll, objectPath, retryOnConflict, TransportError, until } from '../src/index.ts';

const configMaps: ApiResource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const pods: ApiResource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const key = (name: string) => ({ namespace: 'default', name });
const configMap = (name: string, data: Record<string, string> = {}): KubeObject & { data: Record<string, string> } => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data });

describe(until, () => {
  test('returns as soon as a change makes the predicate true', async () => {
    await using plane = await startControlPlane();
    const waiting = until(plane.client, configMaps, key('a'), (object) => (object?.['data'] as { ready?: string } | undefined)?.ready === 'yes', { timeoutMs: 5000 });
    await plane.client.create(configMaps, configMap('a'));
    await plane.client.patch(configMaps, key('a'), 'merge', { data: { ready: 'yes' } });
    expect(await waiting).toMatchObject({ data: { ready: 'yes' } });
  });

  test('waits for an object to go', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(configMaps, configMap('a'));
    const waiting = until(plane.client, configMaps, key('a'), (object) => object === undefined, { timeoutMs: 5000 });
    await plane.client.delete(configMaps, key('a'));
    expect(await waiting).toBeUndefined();
  });

  test('survives watches that drop and history that is forgotten', async () => {
    const api = fakeApi();
    const waiting = until(api.client, configMaps, key('a'), (object) => object !== undefined, { timeoutMs: 5000 });
    await eventually(() => expect(api.watchers).toBe(1));
    api.dropWatches(new TransportError('broken', 'reset'));
    api.failNext(({ query }) => query?.['watch'] === 'true', gone('too old'));
    await eventually(() => expect(api.watchers).toBe(1));
    await api.client.create(configMaps, configMap('a'));
    expect(await waiting).toMatchObject({ metadata: { name: 'a' } });
  });

  test('says what it saw last when the time is over', async () => {
    await using plane = await startControlPlane();
    const options = { timeoutMs: 30, what: 'to be ready' };
    await expect(until(plane.client, pods, key('web'), (pod) => pod !== undefined, options)).rejects.toThrow('waited 30 ms for pods "default/web" to be ready: it does not exist');
  });

  test('fails at once when it may not look', async () => {
    await using plane = await startControlPlane();
    await expect(until(plane.clientFor('ann'), pods, key('web'), () => true, { timeoutMs: 5000 })).rejects.toThrow('pods is forbidden');
  });
});

describe(listAll, () => {
  test('reads all pages of a list', async () => {
    await using plane = await startControlPlane();
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => plane.client.create(configMaps, configMap(name))));
    const listed = await Array.fromAsync(listAll(plane.client, configMaps, { namespace: 'default', limit: 2 }));
    expect(listed.map((object) => object.metadata.name)).toEqual(names);
  });
});

describe(retryOnConflict, () => {
  test('tries again after conflicts, and only after those', async () => {
    let tries = 0;
    const result = await retryOnConflict(async () => {
      tries += 1;
      if (tries < 3) throw conflict(configMaps, 'a', 'changed');
      return 'written';
    });
    expect([result, tries]).toEqual(['written', 3]);
    await expect(retryOnConflict(async () => { throw new Error('other'); })).rejects.toThrow('other');
    await expect(retryOnConflict(async () => { throw conflict(configMaps, 'a', 'changed'); }, { attempts: 2 })).rejects.toThrow('Operation cannot be fulfilled');
  });
});

describe('resolve', () => {
  test('finds what serves a kind, asks once for many, and again for a kind that was not there', async () => {
    const paths: string[] = [];
    let kinds = [{ name: 'widgets', kind: 'Widget', namespaced: true }, { name: 'widgets/status', kind: 'Widget', namespaced: true }];
    const client = createClient({
      request: async ({ path }) => {
        paths.push(path);
        return path === '/apis/a.b/v1' ? { status: 200, body: { resources: kinds } } : { status: 404, body: 'no' };
      },
      stream: () => Promise.reject(new Error('not asked')),
    });
    const gvk = (kind: string, group = 'a.b') => ({ group, version: 'v1', kind });
    const [one, two] = await Promise.all([client.resolve(gvk('Widget')), client.resolve(gvk('Widget'))]);
    expect(one).toEqual({ group: 'a.b', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true });
    expect(two).toBe(one);
    expect(await client.resolve(gvk('Gadget'))).toBeUndefined();
    kinds = [...kinds, { name: 'gadgets', kind: 'Gadget', namespaced: false }];
    expect(await client.resolve(gvk('Gadget'))).toMatchObject({ plural: 'gadgets', namespaced: false });
    expect(await client.resolve(gvk('X', 'c.d'))).toBeUndefined();
    expect(paths).toEqual(['/apis/a.b/v1', '/apis/a.b/v1', '/apis/a.b/v1', '/apis/c.d/v1']);
  });
});

describe(objectPath, () => {
  test('names an object, or refuses', () => {
    expect(objectPath(pods, key('web'), 'log')).toBe('/api/v1/namespaces/default/pods/web/log');
    expect(() => objectPath(pods, { name: 'web' })).toThrow('no namespace given for pods "web"');
    expect(() => objectPath(pods, { namespace: 'default', name: '' })).toThrow('no name given for one of pods');
  });
});
