import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { createClient } from '@plinth/client';
import { httpTransport, loadKubeconfig } from '@plinth/client/node';
import { eventually, leakCheck, startControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { createCache, createEventRecorder, done, runController, silentLogger, withLease } from '../src/index.ts';

const resource = (group: string, kind: string, plural: string): ApiResource => ({ group, version: 'v1', kind, plural, namespaced: true });
const configMaps = resource('', 'ConfigMap', 'configmaps');
const serviceAccounts = resource('', 'ServiceAccount', 'serviceaccounts');
const events = resource('events.k8s.io', 'Event', 'events');
const leases = resource('coordination.k8s.io', 'Lease', 'leases');
interface ConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}
const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data });

describe('on the real control plane', () => {
  test('a controller makes what is missing, reads its own writes and repairs what is taken away', async () => {
    await using _ = leakCheck();
    await using plane = await startControlPlane();
    const ended = new AbortController();
    await using cache = createCache(plane.client, { signal: ended.signal });
    const sources = cache.informer<ConfigMap>(configMaps, { namespace: 'default' });
    let stale = 0;
    await using _controller = runController({
      name: 'copy',
      sources: [{ informer: sources, map: (object) => [{ namespace: 'default', name: object.metadata.name.replace(/-copy$/, '') }] }],
      signal: ended.signal,
      reconcile: async ({ name }) => {
        const original = sources.get({ namespace: 'default', name });
        const copy = sources.get({ namespace: 'default', name: `${name}-copy` });
        if (!original || copy) return done;
        const made = await cache.client.create(configMaps, configMap(`${name}-copy`, original.data));
        if (sources.get({ namespace: 'default', name: `${name}-copy` })?.metadata.uid !== made.metadata.uid) stale += 1;
        return done;
      },
    });
    await Promise.all(Array.from({ length: 50 }, (_, index) => plane.client.create(configMaps, configMap(`m${index}`, { index: `${index}` }))));
    const copies = async () => (await plane.client.list(configMaps, { namespace: 'default' })).items.filter((object) => object.metadata.name.endsWith('-copy'));
    await eventually(async () => expect(await copies()).toHaveLength(50));
    await plane.client.delete(configMaps, { namespace: 'default', name: 'm7-copy' });
    await eventually(async () => expect(await copies()).toHaveLength(50));
    expect(stale).toBe(0);
    ended.abort();
  });

  test('an event reaches the reconcile in well under a millisecond', async () => {
    await using plane = await startControlPlane();
    const ended = new AbortController();
    await using cache = createCache(plane.client, { signal: ended.signal });
    let seenAt = 0;
    await using _controller = runController({
      name: 'latency',
      sources: [{ informer: cache.informer(serviceAccounts) }],
      signal: ended.signal,
      reconcile: async () => {
        seenAt ||= performance.now();
        return done;
      },
    });
    await cache.synced();
    const taken: number[] = [];
    for (let count = 0; count < 60; count += 1) {
      seenAt = 0;
      const create = plane.client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'default', name: `a${count}` } });
      await create;
      const writtenAt = performance.now();
      await eventually(() => seenAt > 0, { intervalMs: 0 });
      taken.push(seenAt - writtenAt);
    }
    expect(taken.sort((left, right) => left - right)[30]).toBeLessThan(0.5);
  });

  test('a cache over TLS keeps up while the watch is cut again and again', async () => {
    await using plane = await startControlPlane({ listen: true });
    using transport = httpTransport(await loadKubeconfig(await plane.kubeconfig()));
    const ended = new AbortController();
    const cutting = createClient({
      ...transport,
      stream: async (request) => {
        const cut = new AbortController();
        request.signal.addEventListener('abort', () => cut.abort(), { once: true });
        const stream = await transport.stream({ ...request, signal: cut.signal });
        return {
          ...stream,
          events: (async function* () {
            let count = 0;
            for await (const event of stream.events) {
              yield event;
              count += 1;
              if (count === 3) throw new Error('cut');
            }
          })(),
        };
      },
    });
    await using cache = createCache(cutting, { signal: ended.signal, random: () => 1 });
    const informer = cache.informer(configMaps, { namespace: 'default' });
    await informer.synced;
    for (let count = 0; count < 10; count += 1) await plane.client.create(configMaps, configMap(`m${count}`));
    await plane.client.delete(configMaps, { namespace: 'default', name: 'm0' });
    const expected = (await plane.client.list(configMaps, { namespace: 'default' })).items.map((object) => object.metadata.name);
    await eventually(() => expect(informer.list().map((object) => object.metadata.name).sort()).toEqual(expected));
  });

  test('the server takes what the event recorder and the lease write', async () => {
    await using plane = await startControlPlane();
    await using recorder = createEventRecorder(plane.client, { controller: 'test/widget' });
    const object = await plane.client.create(configMaps, configMap('a'));
    recorder.record(object, { type: 'Warning', reason: 'Failed', message: 'it failed' });
    await recorder.flushed();
    const { items } = await plane.client.list(events, { namespace: 'default' });
    expect(items).toMatchObject([{ type: 'Warning', reason: 'Failed', note: 'it failed', regarding: { kind: 'ConfigMap', name: 'a', uid: object.metadata.uid } }]);
    const ended = new AbortController();
    await withLease(plane.client, { namespace: 'default', name: 'l', identity: 'me', signal: ended.signal, log: silentLogger }, async () => ended.abort());
    expect((await plane.client.get(leases, { namespace: 'default', name: 'l' }))['spec']).toMatchObject({ holderIdentity: '' });
  });
});
