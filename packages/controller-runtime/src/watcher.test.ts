import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { gone, notFound, serviceUnavailable } from '@plinth/apimachinery';
import { fakeApi, fakeClock } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { watcher, type WatcherEvent } from './index.ts';

const widgets: ApiResource = { group: 'test.plinth.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const widget = (name: string): KubeObject => ({ apiVersion: 'test.plinth.dev/v1', kind: 'Widget', metadata: { name, namespace: 'default' } });

async function start(pageSize = 500, names: readonly string[] = []) {
  const api = fakeApi();
  for (const name of names) await api.client.create(widgets, widget(name));
  const clock = fakeClock();
  const ended = new AbortController();
  const seen: string[] = [];
  const text = (event: WatcherEvent): string => {
    switch (event.type) {
      case 'listed':
        return `listed ${event.objects.map((object) => object.metadata.name).join(',')}`;
      case 'applied':
      case 'deleted':
        return `${event.type} ${event.object.metadata.name}`;
      case 'failed':
        return `failed ${event.during} ${(event.error as Error).message} ${event.retryInMs}`;
      default:
        return event.type;
    }
  };
  const finished = (async () => {
    for await (const event of watcher(api.client, widgets, { signal: ended.signal, clock, random: () => 0, pageSize })) seen.push(text(event));
  })();
  const stop = async (): Promise<void> => {
    ended.abort();
    await finished;
  };
  const take = async (ms = 0): Promise<string[]> => {
    await clock.advance(ms);
    await clock.advance(0);
    return seen.splice(0);
  };
  return { api, clock, take, [Symbol.asyncDispose]: stop };
}

describe(watcher, () => {
  test('lists page by page, then follows', async () => {
    await using world = await start(2, ['a', 'b', 'c']);
    expect(await world.take()).toEqual(['listing', 'listed a,b', 'listed c', 'synced']);
    await world.api.client.create(widgets, widget('d'));
    await world.api.client.delete(widgets, { namespace: 'default', name: 'a' });
    world.api.bookmark();
    expect(await world.take()).toEqual(['applied d', 'deleted a', 'progress']);
  });

  test('takes a watch that ended up where it was, without listing', async () => {
    await using world = await start();
    await world.take();
    world.api.dropWatches(new Error('connection reset'));
    expect(await world.take()).toEqual(['failed watch connection reset 50']);
    await world.api.client.create(widgets, widget('a'));
    expect(await world.take(50)).toEqual(['applied a']);
  });

  test('goes on at once when a watch ends in the normal way, after a while', async () => {
    await using world = await start();
    await world.take(60_000);
    world.api.dropWatches();
    await world.api.client.create(widgets, widget('a'));
    expect(await world.take()).toEqual(['applied a']);
  });

  test('lists again when the server no longer has the version it stopped at', async () => {
    await using world = await start();
    await world.take();
    world.api.dropWatches(new Error('reset'));
    await world.api.client.create(widgets, widget('a'));
    world.api.forgetHistory();
    await world.take();
    const [failed, ...rest] = await world.take(200);
    expect(failed).toContain('failed watch too old resource version');
    expect(rest).toEqual(['listing', 'listed a', 'synced']);
  });

  test('starts the list over when its token expires between two pages', async () => {
    await using world = await start(1, ['a', 'b']);
    world.api.failNext(({ query }) => query?.['continue'] !== undefined, gone('expired'));
    expect(await world.take(50)).toEqual(['listing', 'listed a', 'failed list expired 50', 'listing', 'listed a', 'listed b', 'synced']);
  });

  test('waits longer after each failure, up to five seconds, and soon again once it worked', async () => {
    const world = await start();
    const attempts = 10;
    for (let count = 0; count < attempts; count += 1) world.api.failNext(() => true, serviceUnavailable('down'));
    const seen = await world.take(60_000);
    const delays = seen.filter((line) => line.startsWith('failed')).map((line) => Number(line.split(' ').at(-1)));
    expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(seen.at(-1)).toBe('synced');
    await world.api.client.create(widgets, widget('a'));
    await world.take();
    world.api.dropWatches(new Error('reset'));
    expect(await world.take()).toEqual(['failed watch reset 50']);
    await world[Symbol.asyncDispose]();
  });

  test('asks for a kind that is not served yet twice a second', async () => {
    await using world = await start();
    await world.take();
    for (let count = 0; count < 8; count += 1) world.api.failNext(() => true, notFound(widgets, ''));
    world.api.dropWatches(new Error('reset'));
    const delays = (await world.take(10_000)).filter((line) => line.startsWith('failed')).map((line) => Number(line.split(' ').at(-1)));
    expect(delays).toEqual([50, 100, 200, 400, 500, 500, 500, 500, 500]);
  });

  test('leaves no watch behind when it ends', async () => {
    const world = await start();
    await world.take();
    expect(world.api.watchers).toBe(1);
    await world[Symbol.asyncDispose]();
    expect(world.api.watchers).toBe(0);
  });
});
