import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configMaps, destinations, jobs, pods, promiseRevisions, promises, workPlacements, works, type PlatformPromise } from '@plinth/api';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { startOtlpReceiver, type OtlpReceiver } from './otlp-receiver.ts';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

const make: TestImage = ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\n');
const SECRET = 'a-secret-of-the-collector';

const telemetry = (endpoint: string, more = ''): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kratix', namespace: 'kratix-platform-system' },
    data: { config: `telemetry:\n  endpoint: ${endpoint}\n  insecure: true\n  headers: { Authorization: ${SECRET} }\n${more}` },
  }) as KubeObject;
const settingsKey = { namespace: 'kratix-platform-system', name: 'kratix' };

async function makeBucket(world: World, name = 'one'): Promise<void> {
  await create(world.plane, bucketRequest(name));
  await eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === 'True');
}
const annotationsOf = async ({ plane }: World, resource: ApiResource): Promise<Readonly<Record<string, string>>> => {
  const { items } = await plane.client.list(resource, { namespace: 'default' });
  return items[0]?.metadata.annotations ?? {};
};
/** The libraries take a moment to load: looks until the Promise has a trace. */
async function promiseWithTrace(world: World): Promise<void> {
  await create(world.plane, bucketPromise());
  await eventually(async () => {
    const { metadata, status } = await world.plane.client.patch<PlatformPromise>(promises, { name: 'bucket' }, 'merge', { metadata: { annotations: { look: String(performance.now()) } } });
    return status?.status === 'Available' && metadata.annotations?.['kratix.io/trace-parent'] !== undefined;
  });
}
/** Turning telemetry off sends what is left. */
async function flush({ plane }: World, receiver: OtlpReceiver, isThere: () => void): Promise<void> {
  await plane.client.patch(configMaps, settingsKey, 'merge', { data: { config: '{}' } });
  await eventually(() => {
    expect(receiver.received.length).toBeGreaterThan(0);
    isThere();
  });
}

describe.each(['grpc', 'http/protobuf'] as const)('telemetry over %s', (protocol) => {
  it('has the way of a request as one trace, and the counters of its placements', async () => {
    await using receiver = await startOtlpReceiver(protocol);
    await using world = await startWorld({ 'test/make': make });
    await world.plane.client.create(configMaps, telemetry(receiver.endpoint, `  protocol: ${protocol}\n`));
    await promiseWithTrace(world);
    await makeBucket(world);

    const request = await annotationsOf(world, buckets);
    expect(request).toMatchObject({ 'kratix.io/trace-generation': '1', 'kratix.io/trace-timestamp': expect.stringMatching(/^2/) });
    const [, traceId] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(request['kratix.io/trace-parent'] ?? '') ?? [];
    for (const resource of [jobs, pods, works, workPlacements]) expect((await annotationsOf(world, resource))['kratix.io/trace-parent']).toBe(request['kratix.io/trace-parent']);

    await flush(world, receiver, () => {
      const names = new Set(receiver.spans().filter((span) => span.traceId === traceId).map(({ name }) => name));
      expect([...names]).toEqual(expect.arrayContaining(['bucket/DynamicResourceRequestReconcile', 'one/bucket/WorkReconcile', 'one/bucket/WorkPlacementReconcile', 'POST /apis/platform.kratix.io/v1alpha1/workplacements']));
      expect(receiver.spans().map(({ name }) => name)).toContain('bucket/PromiseReconcile');
      const counters = receiver.received.flatMap((received) => received.counters);
      expect(counters).toContainEqual({ name: 'kratix_workplacement_writes_total', value: 1, attributes: { result: 'success', promise: 'bucket', resource: 'one', destination: 'worker', pipeline: 'instance-configure' } });
      expect(counters).toContainEqual({ name: 'kratix_workplacement_outcomes_total', value: 1, attributes: { result: 'scheduled', promise: 'bucket', resource: 'one', namespace: 'default', destination: 'worker' } });
    });
    const spans = receiver.spans();
    const root = spans.find((span) => span.traceId === traceId && span.parentSpanId === '');
    expect(root?.name).toBe('bucket/DynamicResourceRequestReconcile');
    expect(spans.find(({ name }) => name === 'one/bucket/WorkReconcile')?.parentSpanId).toBe(root?.spanId);
    expect(new Set(receiver.received.map(({ service }) => service))).toEqual(new Set(['kratix-controller-manager']));
    expect(receiver.headers.every((headers) => headers['authorization'] === SECRET)).toBe(true);
  });
});

describe('telemetry', () => {
  it('leaves no trace on any object while it is off', async () => {
    await using world = await startWorld({ 'test/make': make });
    await create(world.plane, bucketPromise());
    await makeBucket(world);
    for (const resource of [buckets, jobs, pods, works, workPlacements]) expect(JSON.stringify(await annotationsOf(world, resource))).not.toContain('trace');
  });

  it('goes on from a Promise to its revision', async () => {
    await using receiver = await startOtlpReceiver('grpc');
    await using world = await startWorld({ 'test/make': make });
    await world.plane.client.create(configMaps, telemetry(receiver.endpoint));
    await promiseWithTrace(world);
    const plain = { ...bucketPromise(), metadata: { name: 'plain' }, spec: {} } as KubeObject;
    await create(world.plane, plain);
    await eventually(async () => {
      const { metadata } = await world.plane.client.get(promises, { name: 'plain' });
      const { items } = await world.plane.client.list(promiseRevisions, { labelSelector: 'kratix.io/promise-name=plain' });
      expect(items.map((revision) => revision.metadata.annotations?.['kratix.io/trace-parent'])).toEqual([metadata.annotations?.['kratix.io/trace-parent'] ?? 'a trace']);
    });
  });

  it('begins a new trace when the request changes, and counts what finds no destination', async () => {
    await using receiver = await startOtlpReceiver('grpc');
    await using world = await startWorld({ 'test/make': make });
    await world.plane.client.create(configMaps, telemetry(receiver.endpoint, '  metrics: { enabled: true }\n'));
    await promiseWithTrace(world);
    await makeBucket(world);
    const first = (await annotationsOf(world, buckets))['kratix.io/trace-parent'];
    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '2Gi' } });
    await eventually(async () => {
      const annotations = await annotationsOf(world, buckets);
      expect(annotations['kratix.io/trace-generation']).toBe('2');
      expect(annotations['kratix.io/trace-parent']).not.toBe(first);
      expect((await annotationsOf(world, workPlacements))['kratix.io/trace-parent']).toBe(annotations['kratix.io/trace-parent']);
    });
    await world.plane.client.patch(destinations, { name: 'worker' }, 'merge', { metadata: { labels: { environment: 'prod' } } });
    await create(world.plane, bucketRequest('two'));
    await eventually(async () => condition(await world.request('two'), 'WorksSucceeded') !== undefined);
    await flush(world, receiver, () => {
      const results = receiver.received.flatMap(({ counters }) => counters).filter(({ name }) => name === 'kratix_workplacement_outcomes_total').map(({ attributes }) => `${attributes['result']} ${attributes['resource']}`);
      expect(results).toEqual(expect.arrayContaining(['scheduled one', 'misplaced one', 'unscheduled two']));
    });
  });
});
