import { configMaps, deployments, pods } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { eventually, startControlPlane, type ControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

const configMap = (name: string, labels: Record<string, string> = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels } });
const key = (name: string) => ({ namespace: 'default', name });
const path = '/api/v1/namespaces/default/configmaps';
const admin = { name: 'admin', groups: ['system:masters'] };

interface ListBody {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly UnstructuredObject[];
  readonly reason?: string;
  readonly message?: string;
}
const list = async (plane: ControlPlane, query: Record<string, string> = {}) => {
  const { status, body } = await plane.client.request({ method: 'GET', path, query });
  return { status, body: body as ListBody };
};
const names = ({ items }: ListBody): readonly string[] => items.map(({ metadata }) => metadata.name);

interface Event {
  readonly type: string;
  readonly object: UnstructuredObject & { readonly code?: number };
}

/** Repeatable numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** A watch whose events are collected as they come. */
function watch(plane: ControlPlane, query: Record<string, string>, at = path) {
  const controller = new AbortController();
  const events: Event[] = [];
  const done = (async () => {
    const reply = await plane.server.transport(admin).stream({ method: 'GET', path: at, query: { watch: 'true', ...query }, signal: controller.signal });
    if (reply.status !== 200) return reply;
    for await (const event of reply.events) events.push(event as Event);
    return reply;
  })();
  return { events, done, seen: () => events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`), [Symbol.dispose]: () => controller.abort() };
}

describe('list', () => {
  test('pages are of one moment, whatever is written meanwhile', async () => {
    await using plane = await startControlPlane();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await plane.client.create(configMaps, configMap(name));
    const first = await list(plane, { limit: '2' });
    expect([names(first.body), first.body.metadata.remainingItemCount]).toEqual([['a', 'b'], 3]);
    await plane.client.create(configMaps, configMap('bb'));
    await plane.client.delete(configMaps, key('d'));
    const second = await list(plane, { limit: '2', continue: first.body.metadata.continue! });
    const third = await list(plane, { limit: '2', continue: second.body.metadata.continue! });
    expect([...names(second.body), ...names(third.body)]).toEqual(['c', 'd', 'e']);
    expect(third.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
  });

  test('a continue token of a compacted moment says 410 and gives one to go on with', async () => {
    await using plane = await startControlPlane();
    for (const name of ['a', 'b', 'c']) await plane.client.create(configMaps, configMap(name));
    const first = await list(plane, { limit: '1' });
    await plane.client.create(configMaps, configMap('bb'));
    await plane.store.compact(plane.store.revision);
    const expired = await list(plane, { limit: '1', continue: first.body.metadata.continue! });
    expect([expired.status, expired.body.reason]).toEqual([410, 'Expired']);
    const rest = await list(plane, { continue: expired.body.metadata.continue! });
    expect(names(rest.body)).toEqual(['b', 'bb', 'c']);
  });

  test('selectors filter, also across pages', async () => {
    await using plane = await startControlPlane();
    for (let index = 0; index < 10; index += 1) await plane.client.create(configMaps, configMap(`m${index}`, { even: String(index % 2 === 0) }));
    const first = await list(plane, { labelSelector: 'even=true', limit: '3' });
    const second = await list(plane, { labelSelector: 'even=true', limit: '3', continue: first.body.metadata.continue! });
    expect([...names(first.body), ...names(second.body)]).toEqual(['m0', 'm2', 'm4', 'm6', 'm8']);
    expect(names((await list(plane, { fieldSelector: 'metadata.name=m3' })).body)).toEqual(['m3']);
    expect(await list(plane, { labelSelector: 'a in (' })).toMatchObject({ status: 400 });
    expect(await list(plane, { fieldSelector: 'data.a=b' })).toMatchObject({ status: 400 });
  });

  test('many objects are found by label as if all were looked at, whatever happens to them', async () => {
    await using plane = await startControlPlane();
    const random = seeded(7);
    const value = (): string => `v${Math.floor(random() * 9)}`;
    const all = Array.from({ length: 260 }, (_, index) => `m${index}`);
    await Promise.all(all.map((name) => plane.client.create(configMaps, configMap(name, { a: value(), b: value() }))));
    const compare = async (): Promise<void> => {
      for (const [a, b] of [['v1', 'v2'], ['v3', 'v3'], ['v8', 'none']] as const) {
        // Only `=` goes through the index.
        const [found, looked] = await Promise.all([list(plane, { labelSelector: `a=${a},b=${b}` }), list(plane, { labelSelector: `a in (${a}),b in (${b})` })]);
        expect(names(found.body)).toEqual(names(looked.body));
        expect(found.body.metadata).toEqual(looked.body.metadata);
      }
      expect(names((await list(plane, { labelSelector: 'a=v1', limit: '2' })).body)).toEqual(names((await list(plane, { labelSelector: 'a in (v1)', limit: '2' })).body));
    };
    await compare();
    for (const name of all) {
      if (random() < 0.3) await plane.client.delete(configMaps, key(name));
      else if (random() < 0.5) await plane.client.patch(configMaps, key(name), 'merge', { metadata: { labels: { a: value(), b: random() < 0.5 ? null : value() } } });
    }
    await compare();
  });

  test('an exact version shows the past, a version to come is refused', async () => {
    await using plane = await startControlPlane();
    const made = await plane.client.create(configMaps, configMap('a'));
    await plane.client.delete(configMaps, key('a'));
    const then = await list(plane, { resourceVersion: made.metadata.resourceVersion!, resourceVersionMatch: 'Exact' });
    expect(names(then.body)).toEqual(['a']);
    const now = await list(plane, { resourceVersion: made.metadata.resourceVersion!, resourceVersionMatch: 'NotOlderThan' });
    expect(names(now.body)).toEqual([]);
    const future = await list(plane, { resourceVersion: '999999' });
    expect([future.status, future.body.message]).toEqual([504, `Timeout: Too large resource version: 999999, current: ${plane.store.revision}`]);
  });
});

describe('watch', () => {
  test('follows from a version on, and misses nothing', async () => {
    await using plane = await startControlPlane();
    const made = await plane.client.create(configMaps, configMap('a'));
    await plane.client.patch(configMaps, key('a'), 'merge', { data: { x: '1' } });
    using watching = watch(plane, { resourceVersion: made.metadata.resourceVersion! });
    await plane.client.delete(configMaps, key('a'));
    await plane.client.create(configMaps, configMap('b'));
    await eventually(() => expect(watching.seen()).toEqual(['MODIFIED a', 'DELETED a', 'ADDED b']));
    const revisions = watching.events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  });

  test('without a version it begins with what is there', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(configMaps, configMap('a'));
    using watching = watch(plane, {});
    await eventually(() => expect(watching.seen()).toEqual(['ADDED a']));
  });

  test('an object that begins or ceases to match comes and goes', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(configMaps, configMap('a', { on: 'no' }));
    using watching = watch(plane, { resourceVersion: String(plane.store.revision), labelSelector: 'on=yes' });
    for (const on of ['yes', 'yes', 'no']) await plane.client.patch(configMaps, key('a'), 'merge', { metadata: { labels: { on, at: `t${plane.store.revision}` } } });
    await plane.client.delete(configMaps, key('a'));
    await eventually(() => expect(watching.seen()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']));
    const last = watching.events.at(-1)!.object;
    // The last state that matched, at the version at which it ceased to.
    expect([last.metadata.labels?.['on'], Number(last.metadata.resourceVersion)]).toEqual(['yes', plane.store.revision - 1]);
  });

  test('selects by fields of the kind', async () => {
    await using plane = await startControlPlane();
    using watching = watch(plane, { fieldSelector: 'spec.nodeName=n1' }, '/api/v1/pods');
    const pod = (name: string, nodeName: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: key(name), spec: { nodeName, containers: [{ name: 'c', image: 'x' }] } });
    await plane.client.create(pods, pod('one', 'n1') as KubeObject);
    await plane.client.create(pods, pod('two', 'n2') as KubeObject);
    await plane.client.delete(pods, key('one'), { gracePeriodSeconds: 0 });
    await eventually(() => expect(watching.seen()).toEqual(['ADDED one', 'DELETED one']));
  });

  test('a streaming list ends its first part with a bookmark that says so', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(configMaps, configMap('a'));
    using watching = watch(plane, { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' });
    await eventually(() => expect(watching.seen()).toEqual(['ADDED a', 'BOOKMARK ']));
    expect(watching.events[1]!.object.metadata).toEqual({ resourceVersion: String(plane.store.revision), annotations: { 'k8s.io/initial-events-end': 'true' } });
    await plane.client.create(configMaps, configMap('b'));
    await eventually(() => expect(watching.seen().at(-1)).toBe('ADDED b'));
  });

  test('a quiet watch gets bookmarks while other kinds are busy', async () => {
    await using plane = await startControlPlane();
    using watching = watch(plane, { resourceVersion: String(plane.store.revision), allowWatchBookmarks: 'true' }, '/apis/apps/v1/deployments');
    await Promise.all(Array.from({ length: 1_100 }, (_, index) => plane.client.create(configMaps, configMap(`busy-${index}`))));
    await eventually(() => expect(watching.events.at(-1)?.type).toBe('BOOKMARK'));
    expect(watching.events.at(-1)!.object).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
  });

  test('a version that is compacted away is refused with 410', async () => {
    await using plane = await startControlPlane();
    const made = await plane.client.create(configMaps, configMap('a'));
    await plane.client.create(configMaps, configMap('b'));
    await plane.store.compact(plane.store.revision);
    using watching = watch(plane, { resourceVersion: made.metadata.resourceVersion! });
    expect(await watching.done).toMatchObject({ status: 410, failure: { reason: 'Expired' } });
  });

  test('ends after timeoutSeconds, with a bookmark of how far it got', async () => {
    await using plane = await startControlPlane();
    using watching = watch(plane, { resourceVersion: String(plane.store.revision), timeoutSeconds: '1', allowWatchBookmarks: 'true' }, '/apis/apps/v1/deployments');
    await plane.client.create(configMaps, configMap('a'));
    await watching.done;
    expect(watching.events).toMatchObject([{ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(plane.store.revision) } } }]);
  });

  test('ends at once when the server stops', async () => {
    const plane = await startControlPlane({ listen: true });
    using watching = watch(plane, {});
    await eventually(async () => expect((await plane.client.list(deployments)).items).toEqual([]));
    const started = performance.now();
    await plane[Symbol.asyncDispose]();
    await watching.done;
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
