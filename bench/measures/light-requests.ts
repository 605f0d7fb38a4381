import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configMaps, promises, workPlacements } from '@plinth/api';
import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';
import { type Client, until } from '@plinth/client';
import type { BenchPlatform } from '../platform.ts';
import { round, summarise, type Summary } from '../statistics.ts';
import { type CostPerRequest, costPerRequest, readCost } from './cost.ts';

const lights: ApiResource = { group: 'bench.plinth.dev', version: 'v1', kind: 'Light', plural: 'lights', namespaced: true };
const image = 'plinth-bench/light:v1';

export interface LightRequests {
  readonly count: number;
  /** Every placement says that its files are in the state store. */
  readonly allInStoreS: number;
  /** Every ConfigMap is on the worker. */
  readonly allOnWorkerS: number;
  /** Every request says so itself: the condition `Applied`. */
  readonly allSayAppliedS: number;
  /** From asking to the ConfigMap, of single requests made one after the other when all that is over. */
  readonly oneAfterwardsMs: Summary;
  /** On the platform, from the first request until all say that they are applied. */
  readonly cost: CostPerRequest;
}

/** Requests of a Promise whose service is one ConfigMap, all at once, until each is on the worker. */
export async function measureLightRequests(bench: BenchPlatform, counts: readonly number[] = [10, 100, 1000, 10_000]): Promise<readonly LightRequests[]> {
  const step = fileURLToPath(new URL('../light-step.ts', import.meta.url));
  writeFileSync(join(bench.dataDir, 'catalogue.json'), JSON.stringify({ images: { [image]: { step } } }));
  await bench.platform.patch(promises, { name: 'light' }, 'apply', lightPromise(), { fieldManager: 'bench', force: true });
  await until<UnstructuredObject>(bench.platform, promises, { name: 'light' }, (promise) => (promise?.['status'] as { status?: string } | undefined)?.status === 'Available', { timeoutMs: 30_000 });
  const results: LightRequests[] = [];
  for (const count of counts) {
    const prefix = `r${count}-`;
    const before = await readCost(bench.platform);
    const inStore = arrivals(bench.platform, workPlacements, count, (placement) => placement.metadata.name.includes(`light-${prefix}`) && isTrue(placement, 'WriteSucceeded'));
    const onWorker = arrivals(bench.worker, configMaps, count, (map) => map.metadata.name.startsWith(`light-${prefix}`));
    const applied = arrivals(bench.platform, lights, count, (request) => request.metadata.name.startsWith(prefix) && isTrue(request, 'Applied'));
    await Promise.all([inStore.watching, onWorker.watching, applied.watching]);
    const started = performance.now();
    await inParallel(Array.from({ length: count }, (_, index) => `${prefix}${index}`), 64, (name) => ask(bench, name));
    const [allInStoreS, allOnWorkerS, allSayAppliedS] = await Promise.all([inStore, onWorker, applied].map(async ({ all }) => round(((await all) - started) / 1000)));
    const cost = costPerRequest(before, await readCost(bench.platform), count);
    results.push({ count, allInStoreS: allInStoreS!, allOnWorkerS: allOnWorkerS!, allSayAppliedS: allSayAppliedS!, oneAfterwardsMs: await single(bench, `after${count}-`), cost });
  }
  return results;
}

const ask = (bench: BenchPlatform, name: string): Promise<unknown> =>
  bench.platform.create(lights, { apiVersion: 'bench.plinth.dev/v1', kind: 'Light', metadata: { name, namespace: 'default' }, spec: {} } as UnstructuredObject);

async function single(bench: BenchPlatform, prefix: string): Promise<Summary> {
  const values: number[] = [];
  for (let index = 0; index < 10; index++) {
    const name = `${prefix}${index}`;
    const arrived = arrivals(bench.worker, configMaps, 1, (map) => map.metadata.name === `light-${name}`);
    await arrived.watching;
    const started = performance.now();
    await ask(bench, name);
    values.push((await arrived.all) - started);
  }
  return summarise(values);
}

const isTrue = (object: UnstructuredObject, type: string): boolean =>
  (object['status'] as { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } | undefined)?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** `all`: when (ms) the last of `count` objects was seen to be `wanted`. */
function arrivals(client: Client, resource: ApiResource, count: number, wanted: (object: UnstructuredObject) => boolean): { readonly watching: Promise<void>; readonly all: Promise<number> } {
  const watching = Promise.withResolvers<void>();
  const all = (async () => {
    const { metadata } = await client.list(resource, { namespace: 'default', limit: 1 });
    watching.resolve();
    const seen = new Set<string>();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    for await (const event of client.watch<UnstructuredObject>(resource, { namespace: 'default', resourceVersion: metadata.resourceVersion, signal })) {
      if ((event.type === 'ADDED' || event.type === 'MODIFIED') && wanted(event.object)) seen.add(event.object.metadata.name);
      if (seen.size === count) return performance.now();
    }
    throw new Error(`${seen.size} of ${count} ${resource.plural} were as they should be within ${TIMEOUT_MS / 1000} s`);
  })();
  return { watching: watching.promise, all };
}

const TIMEOUT_MS = 600_000;

async function inParallel<T>(items: readonly T[], limit: number, run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) await run(item);
    }),
  );
}

function lightPromise(): UnstructuredObject {
  return {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Promise',
    metadata: { name: 'light' },
    spec: {
      api: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'lights.bench.plinth.dev' },
        spec: {
          group: 'bench.plinth.dev',
          scope: 'Namespaced',
          names: { kind: 'Light', plural: 'lights', singular: 'light' },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: {} } } } } }],
        },
      },
      destinationSelectors: [{ matchLabels: { environment: 'dev' } }],
      workflows: {
        resource: { configure: [{ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Pipeline', metadata: { name: 'configure' }, spec: { containers: [{ name: 'light', image }] } }] },
      },
    },
  } as UnstructuredObject;
}
