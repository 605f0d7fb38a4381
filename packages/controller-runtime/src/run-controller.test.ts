import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { eventually, fakeApi, fakeClock } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { createCache, done, retryAfter, runController, silentLogger, TerminalError, type Request, type Result } from './index.ts';

const widgets: ApiResource = { group: 'test.plinth.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const widget = (name: string): KubeObject => ({ apiVersion: 'test.plinth.dev/v1', kind: 'Widget', metadata: { name, namespace: 'default' } });

describe(runController, () => {
  function start(reconcile: (request: Request) => Promise<Result>, concurrency = 2) {
    const api = fakeApi();
    const ended = new AbortController();
    const clock = fakeClock();
    const cache = createCache(api.client, { signal: ended.signal, log: silentLogger });
    const controller = runController({ name: 'widget', sources: [{ informer: cache.informer(widgets) }], reconcile, concurrency, signal: ended.signal, clock, random: () => 0, log: silentLogger });
    return { api, cache, clock, controller, [Symbol.asyncDispose]: async () => { ended.abort(); await controller.finished; await cache[Symbol.asyncDispose](); } };
  }

  test('reconciles what is there when it starts, and every change after that', async () => {
    const seen: string[] = [];
    await using world = start(async ({ name }) => { seen.push(name); return done; });
    await world.api.client.create(widgets, widget('before'));
    await eventually(() => expect(seen).toEqual(['before']));
    await world.api.client.create(widgets, widget('after'));
    await eventually(() => expect(seen).toEqual(['before', 'after']));
  });

  test('never runs the same request twice at once, and runs it once more for all that came meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let runs = 0;
    await using world = start(async () => {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      return done;
    });
    await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(runs).toBe(1));
    for (let count = 0; count < 5; count += 1) world.controller.enqueue({ namespace: 'default', name: 'a' });
    gate.resolve();
    await eventually(() => expect(runs).toBe(2));
    expect(most).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(2);
  });

  test('tries a failed request again with delays that double, until it succeeds', async () => {
    const at: number[] = [];
    await using world = start(async () => {
      at.push(world.clock.now());
      if (at.length < 4) throw new Error('not yet');
      return done;
    });
    await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(at).toHaveLength(1));
    await world.clock.advance(1000);
    expect(at.map((time) => time - at[0]!)).toEqual([0, 5, 15, 35]);
  });

  test('waits for a change after a TerminalError', async () => {
    let runs = 0;
    await using world = start(async () => {
      runs += 1;
      throw new TerminalError('the name is wrong');
    });
    const made = await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(runs).toBe(1));
    await world.clock.advance(3_600_000);
    expect(runs).toBe(1);
    await world.api.client.update(widgets, { ...made, metadata: { ...made.metadata, labels: { changed: 'yes' } } });
    await eventually(() => expect(runs).toBe(2));
  });

  test('looks again after the time that a result names, or earlier when something changes', async () => {
    const at: number[] = [];
    await using world = start(async () => {
      at.push(world.clock.now());
      return retryAfter(1000);
    });
    await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(at).toHaveLength(1));
    await world.clock.advance(600);
    world.controller.enqueue({ namespace: 'default', name: 'a' });
    await world.clock.advance(1500);
    expect(at.map((time) => time - at[0]!)).toEqual([0, 600, 1600]);
  });

  test('stops only when the last reconcile has returned', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    let returned = false;
    await using world = start(async () => {
      runs += 1;
      await gate.promise;
      returned = true;
      return done;
    });
    await world.api.client.create(widgets, widget('a'));
    await eventually(() => expect(runs).toBe(1));
    const stopping = world.controller[Symbol.asyncDispose]();
    gate.resolve();
    await stopping;
    expect(returned).toBe(true);
  });

  test('reaches the reconcile within a millisecond of the event', async () => {
    let startedAt = 0;
    await using world = start(async () => {
      startedAt = performance.now();
      return done;
    });
    await world.cache.synced();
    const taken: number[] = [];
    for (let count = 0; count < 50; count += 1) {
      startedAt = 0;
      const writtenAt = performance.now();
      await world.api.client.create(widgets, widget(`w${count}`));
      await eventually(() => startedAt > 0);
      taken.push(startedAt - writtenAt);
    }
    expect(taken.sort((a, b) => a - b)[25]).toBeLessThan(1);
  });
});
