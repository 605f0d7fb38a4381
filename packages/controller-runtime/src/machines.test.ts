import { isConflict, type ApiResource, type UnstructuredObject } from '@plinth/apimachinery';
import { eventually, fakeApi, fakeClock } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { addFinalizers, createEventRecorder, done, dropFinalizers, mergeDiff, ownerRequests, patchStatus, retryAfter, setCondition, silentLogger, withFinalizer, withLease, type Condition } from './index.ts';

const widgets: ApiResource = { group: 'test.plinth.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const events: ApiResource = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
const leases: ApiResource = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true };
const widget = (name: string, more: object = {}): UnstructuredObject => ({ apiVersion: 'test.plinth.dev/v1', kind: 'Widget', metadata: { name, namespace: 'default' }, ...more });
const key = (name: string) => ({ namespace: 'default', name });

describe(mergeDiff, () => {
  test.each([
    [{ a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } }, undefined],
    [{ a: 1 }, { a: 1, b: undefined }, undefined],
    [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
    [{ a: { x: 1, y: 2 } }, { a: { x: 1, z: 3 } }, { a: { y: null, z: 3 } }],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{ a: { x: 1 } }, { a: 'text' }, { a: 'text' }],
    [{}, { a: {} }, { a: {} }],
  ])('from %j to %j', (from, to, patch) => {
    expect(mergeDiff(from, to)).toEqual(patch);
  });
});

describe(patchStatus, () => {
  test('sends what differs, and nothing when nothing does', async () => {
    const api = fakeApi();
    const made = await api.client.create(widgets, widget('a', { status: { phase: 'Pending', gone: true } }));
    const written = await patchStatus(api.client, widgets, made, { phase: 'Ready' });
    expect(written['status']).toEqual({ phase: 'Ready' });
    expect(api.requests.at(-1)?.body).toEqual({ metadata: { uid: made.metadata.uid }, status: { phase: 'Ready', gone: null } });
    const before = api.requests.length;
    expect(await patchStatus(api.client, widgets, written, { phase: 'Ready' })).toBe(written);
    expect(api.requests).toHaveLength(before);
  });
});

describe(setCondition, () => {
  const ready: Condition = { type: 'Ready', status: 'True', reason: 'Up', message: 'up', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const later = new Date('2026-01-02T00:00:00.123Z');

  test('keeps the time as long as the status stays, and the list as long as nothing changes', () => {
    const list = [ready];
    expect(setCondition(list, { type: 'Ready', status: 'True', reason: 'Up', message: 'up' }, later)).toBe(list);
    expect(setCondition(list, { ...ready, message: 'still up' }, later)).toEqual([{ ...ready, message: 'still up' }]);
    expect(setCondition(list, { ...ready, status: 'False' }, later)).toEqual([{ ...ready, status: 'False', lastTransitionTime: '2026-01-02T00:00:00Z' }]);
    expect(setCondition(undefined, { type: 'Ready', status: 'True', reason: 'Up', message: 'up' }, later)).toHaveLength(1);
  });
});

describe(ownerRequests, () => {
  test('leads to the owner that manages the object, if it is of that kind', () => {
    const reference = { apiVersion: 'test.plinth.dev/v1', kind: 'Widget', name: 'w', uid: '1' };
    const owned = (more: object) => ({ ...widget('x'), metadata: { ...widget('x').metadata, ownerReferences: [{ ...reference, ...more }] } });
    expect(ownerRequests(widgets)(owned({ controller: true }))).toEqual([key('w')]);
    expect(ownerRequests(widgets)(owned({}))).toEqual([]);
    expect(ownerRequests(widgets)(owned({ controller: true, apiVersion: 'other/v1' }))).toEqual([]);
  });
});

describe('finalizers', () => {
  test('are added to those of others and taken from among them, by a write only when something changes', async () => {
    const api = fakeApi();
    const made = await api.client.create(widgets, widget('a', { metadata: { name: 'a', namespace: 'default', finalizers: ['other/one'] } }));
    const held = await addFinalizers(api.client, widgets, made, ['test/a', 'other/one', 'test/b']);
    expect(held.metadata.finalizers).toEqual(['other/one', 'test/a', 'test/b']);
    const before = api.requests.length;
    expect(await addFinalizers(api.client, widgets, held, ['test/a'])).toBe(held);
    expect(await dropFinalizers(api.client, widgets, held, ['test/c'])).toBe(held);
    expect(api.requests).toHaveLength(before);
    await expect(dropFinalizers(api.client, widgets, made, ['other/one'])).rejects.toThrow();
    expect((await dropFinalizers(api.client, widgets, held, ['test/a', 'test/b'])).metadata.finalizers).toEqual(['other/one']);
  });
});

describe(withFinalizer, () => {
  const finalizer = 'test.plinth.dev/cleanup';

  test('puts the finalizer on before it applies', async () => {
    const api = fakeApi();
    const made = await api.client.create(widgets, widget('a'));
    const applied: unknown[] = [];
    const handlers = { apply: async (object: UnstructuredObject) => { applied.push(object.metadata.finalizers); return done; }, cleanup: async () => done };
    await withFinalizer(api.client, widgets, made, finalizer, handlers);
    expect(applied).toEqual([[finalizer]]);
  });

  test('keeps the finalizer while cleanup fails or is not done, and lets the object go afterwards', async () => {
    const api = fakeApi();
    await api.client.create(widgets, widget('a', { metadata: { name: 'a', namespace: 'default', finalizers: ['other/one', finalizer] } }));
    await api.client.delete(widgets, key('a'));
    const get = () => api.client.get(widgets, key('a'));
    const run = async (cleanup: () => Promise<ReturnType<typeof retryAfter>>) => withFinalizer(api.client, widgets, await get(), finalizer, { apply: async () => { throw new Error('not to be called'); }, cleanup });
    await expect(run(async () => { throw new Error('busy'); })).rejects.toThrow('busy');
    expect(await run(async () => retryAfter(10))).toEqual(retryAfter(10));
    expect((await get()).metadata.finalizers).toEqual(['other/one', finalizer]);
    expect(await run(async () => done)).toEqual(done);
    expect((await get()).metadata.finalizers).toEqual(['other/one']);
    expect(await run(async () => { throw new Error('not to be called'); })).toEqual(done);
  });

  test('fails with a conflict rather than undo what others did to the finalizers', async () => {
    const api = fakeApi();
    const old = await api.client.create(widgets, widget('a'));
    await api.client.patch(widgets, key('a'), 'merge', { metadata: { finalizers: ['theirs'] } });
    const refused = await withFinalizer(api.client, widgets, old, finalizer, { apply: async () => done, cleanup: async () => done }).catch((error: unknown) => error);
    expect(isConflict(refused)).toBe(true);
  });
});

describe(createEventRecorder, () => {
  function start() {
    const api = fakeApi();
    const clock = fakeClock();
    const recorder = createEventRecorder(api.client, { controller: 'test/widget', clock, log: silentLogger });
    const list = async () => (await api.client.list(events)).items;
    return { api, clock, recorder, list, [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose]() };
  }
  const failed = { type: 'Warning', reason: 'Failed', message: 'it failed' } as const;

  test('writes one Event with a count for what happens again and again', async () => {
    await using world = start();
    const object = await world.api.client.create(widgets, widget('a'));
    world.recorder.record(object, failed);
    await world.recorder.flushed();
    expect(await world.list()).toMatchObject([
      { metadata: { namespace: 'default' }, type: 'Warning', reason: 'Failed', action: 'Failed', note: 'it failed', reportingController: 'test/widget', eventTime: '2026-01-01T00:00:00.000000Z', regarding: { kind: 'Widget', name: 'a', uid: object.metadata.uid } },
    ]);
    for (let count = 0; count < 5; count += 1) world.recorder.record(object, failed);
    await world.clock.advance(10_000);
    await world.recorder.flushed();
    const [event, ...others] = await world.list();
    expect(others).toEqual([]);
    expect(event?.['series']).toMatchObject({ count: 6 });
    expect(world.api.requests.filter(({ method, path }) => method !== 'GET' && path.includes('/events'))).toHaveLength(2);
  });

  test('never throws and never waits, whatever the API does', async () => {
    await using world = start();
    world.api.failNext(() => true, new Error('down'));
    world.recorder.record(widget('a'), failed);
    world.recorder.record(widget('b'), failed);
    await world.recorder.flushed();
    expect((await world.list()).map((event) => (event['regarding'] as { name: string }).name)).toEqual(['b']);
  });

  test('cuts a note at 1024 bytes, between characters', async () => {
    await using world = start();
    world.recorder.record(widget('a'), { ...failed, message: 'ä'.repeat(2000) });
    await world.recorder.flushed();
    const note = String((await world.list())[0]?.['note']);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ä+\.\.\.$/);
  });

  test('holds normal events back when there are many, and warnings never', async () => {
    await using world = start();
    const normal = { type: 'Normal', reason: 'Done', message: 'done' } as const;
    for (let count = 0; count < 130; count += 1) world.recorder.record(widget(`n${count}`), normal);
    await world.recorder.flushed();
    expect(await world.list()).toHaveLength(100);
    for (let count = 0; count < 20; count += 1) world.recorder.record(widget(`w${count}`), failed);
    await world.recorder.flushed();
    expect((await world.list()).filter(({ type }) => type === 'Warning')).toHaveLength(20);
    await world.clock.advance(1_000);
    await world.recorder.flushed();
    expect((await world.list()).filter(({ type }) => type === 'Normal')).toHaveLength(110);
    await world.clock.advance(2_000);
    await world.recorder.flushed();
    expect((await world.list()).filter(({ type }) => type === 'Normal')).toHaveLength(130);
  });

  test('keeps a bounded number of events in mind', async () => {
    await using world = start();
    for (let count = 0; count < 1500; count += 1) world.recorder.record(widget('a'), { ...failed, message: `failure ${count}` });
    await world.recorder.flushed();
    expect(await world.list()).toHaveLength(1000);
  });
});

describe(withLease, () => {
  test('lets one lead, and another when the first steps down', async () => {
    const api = fakeApi();
    const led: string[] = [];
    const candidate = (identity: string) => {
      const ended = new AbortController();
      const lead = (signal: AbortSignal) => {
        led.push(identity);
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      };
      const finished = withLease(api.client, { namespace: 'default', name: 'l', identity, signal: ended.signal, log: silentLogger }, lead);
      return { stop: async () => { ended.abort(); await finished; } };
    };
    const one = candidate('one');
    await eventually(() => expect(led).toEqual(['one']));
    const two = candidate('two');
    await eventually(() => expect(api.watchers).toBe(1));
    expect(led).toEqual(['one']);
    await one.stop();
    await eventually(() => expect(led).toEqual(['one', 'two']));
    expect((await api.client.get(leases, key('l')))['spec']).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
    await two.stop();
  });

  test('takes over from a leader that is silent, and the silent one stops before that', async () => {
    const api = fakeApi();
    const clock = fakeClock();
    const log: string[] = [];
    const candidate = (identity: string, client = api.client) => {
      const ended = new AbortController();
      const lead = (signal: AbortSignal) => {
        log.push(`${identity} leads`);
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => { log.push(`${identity} stops`); resolve(); }, { once: true }));
      };
      const finished = withLease(client, { namespace: 'default', name: 'l', identity, signal: ended.signal, log: silentLogger, clock }, lead);
      return async () => { ended.abort(); await clock.advance(0); await finished; };
    };
    let cutOff = false;
    const stopOne = candidate('one', { ...api.client, update: async (...args) => { if (cutOff) throw new Error('no network'); return api.client.update(...args); }, find: async (...args) => { if (cutOff) throw new Error('no network'); return api.client.find(...args); } } as typeof api.client);
    await clock.advance(0);
    const stopTwo = candidate('two');
    await clock.advance(30_000);
    expect(log).toEqual(['one leads']);
    cutOff = true;
    await clock.advance(30_000);
    expect(log).toEqual(['one leads', 'one stops', 'two leads']);
    await stopTwo();
    await stopOne();
  });
});
