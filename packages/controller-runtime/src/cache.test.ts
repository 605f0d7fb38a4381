import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';
import { eventually, fakeApi } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { createCache, silentLogger } from './index.ts';

const widgets: ApiResource = { group: 'test.plinth.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const widget = (name: string, metadata: object = {}): UnstructuredObject => ({ apiVersion: 'test.plinth.dev/v1', kind: 'Widget', metadata: { name, namespace: 'default', ...metadata } });
const key = (name: string) => ({ namespace: 'default', name });

function start() {
  const api = fakeApi();
  const ended = new AbortController();
  const cache = createCache(api.client, { signal: ended.signal, log: silentLogger, random: () => 1 });
  return { api, cache, ended, [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() };
}

describe(createCache, () => {
  test('shares one informer between all who ask for the same objects', async () => {
    await using world = start();
    expect(world.cache.informer(widgets)).toBe(world.cache.informer({ ...widgets }));
    expect(world.cache.informer(widgets)).not.toBe(world.cache.informer(widgets, { namespace: 'default' }));
  });

  test('finds objects by namespace, labels and index, as they change', async () => {
    await using world = start();
    const informer = world.cache.informer(widgets);
    informer.addIndex('owner', (object) => (typeof object['owner'] === 'string' ? [object['owner']] : []));
    await world.api.client.create(widgets, { ...widget('a', { labels: { app: 'x' } }), owner: 'ann' });
    const b = await world.api.client.create(widgets, { ...widget('b'), owner: 'ann' });
    await eventually(() => expect(informer.byIndex('owner', 'ann').map((object) => object.metadata.name)).toEqual(['a', 'b']));
    expect(informer.list({ namespace: 'default', labels: { app: 'x' } }).map((object) => object.metadata.name)).toEqual(['a']);
    expect(informer.list({ namespace: 'other' })).toEqual([]);
    await world.api.client.update(widgets, { ...b, owner: 'bob' });
    await eventually(() => expect(informer.byIndex('owner', 'bob')).toHaveLength(1));
    expect(informer.byIndex('owner', 'ann')).toHaveLength(1);
    expect(() => informer.byIndex('colour', 'red')).toThrow('no index is named "colour" (there are: owner)');
  });

  test('keeps up when watches drop and when history is forgotten meanwhile', async () => {
    await using world = start();
    const told: string[] = [];
    const informer = world.cache.informer(widgets);
    informer.subscribe({ added: (object) => told.push(`+${object.metadata.name}`), deleted: (object) => told.push(`-${object.metadata.name}`) });
    await world.api.client.create(widgets, widget('a'));
    await world.api.client.create(widgets, widget('b'));
    await eventually(() => expect(informer.list()).toHaveLength(2));
    world.api.dropWatches(new Error('connection reset'));
    await world.api.client.delete(widgets, key('a'));
    await world.api.client.create(widgets, widget('c'));
    world.api.forgetHistory();
    await eventually(() => expect(informer.list().map((object) => object.metadata.name).sort()).toEqual(['b', 'c']));
    expect(told.sort()).toEqual(['+a', '+b', '+c', '-a']);
  });

  test('tells of an object that was deleted and made again as two objects', async () => {
    await using world = start();
    const told: string[] = [];
    const informer = world.cache.informer(widgets);
    informer.subscribe({
      added: (object) => told.push(`+${object.metadata.uid}`),
      updated: () => told.push('~'),
      deleted: (object) => told.push(`-${object.metadata.uid}`),
    });
    const first = await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(informer.list()).toHaveLength(1));
    world.api.dropWatches();
    await world.api.client.delete(widgets, key('a'));
    const second = await world.api.client.create(widgets, widget('a'));
    world.api.forgetHistory();
    await eventually(() => expect(told).toEqual([`+${first.metadata.uid}`, `-${first.metadata.uid}`, `+${second.metadata.uid}`]));
  });

  test('shows what was written through its client as soon as the write returns', async () => {
    await using world = start();
    const informer = world.cache.informer(widgets);
    const updates: string[] = [];
    await world.cache.synced();
    informer.subscribe({ added: () => updates.push('added'), updated: () => updates.push('updated') });
    const made = await world.cache.client.create(widgets, widget('a'));
    expect(informer.get(key('a'))).toBe(made);
    const patched = await world.cache.client.patch(widgets, key('a'), 'merge', { metadata: { labels: { x: 'y' } } });
    expect(informer.get(key('a'))).toEqual(patched);
    await world.api.client.create(widgets, widget('last'));
    await eventually(() => expect(informer.list()).toHaveLength(2));
    expect(updates).toEqual(['added', 'updated', 'added']);
  });

  test('does not raise an object that was deleted before news of its creation came in', async () => {
    await using world = start();
    const informer = world.cache.informer(widgets);
    await world.cache.synced();
    const made = await world.api.client.create(widgets, widget('a'));
    await world.api.client.delete(widgets, key('a'));
    const last = await world.api.client.create(widgets, widget('b'));
    await eventually(() => expect(informer.get(key('b'))).toBe(last));
    world.cache.observed(widgets, made);
    expect(informer.get(key('a'))).toBeUndefined();
  });

  test('rejects synced when it is stopped before the first list', async () => {
    const world = start();
    world.api.failNext(() => true, new Error('down'));
    const { synced } = world.cache.informer(widgets);
    world.ended.abort();
    await expect(synced).rejects.toThrow('the informer of widgets was stopped before it had synced');
    await world[Symbol.asyncDispose]();
  });
});
