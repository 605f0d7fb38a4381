import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configMaps, promises } from '@plinth/api';
import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';
import { until } from '@plinth/client';
import type { BenchPlatform } from '../platform.ts';
import { round } from '../statistics.ts';
import { type CostPerRequest, costPerRequest, readCost } from './cost.ts';

const lights: ApiResource = { group: 'bench.plinth.dev', version: 'v1', kind: 'Light', plural: 'lights', namespaced: true };
const image = 'plinth-bench/light:v1';

/** Requests of a Promise whose service is one ConfigMap, all at once, until each is on the worker. */
export async function measureLightRequests(bench: BenchPlatform, counts: readonly number[] = [10, 100, 1000]): Promise<readonly { readonly count: number; readonly allOnWorkerS: number; readonly cost: CostPerRequest }[]> {
  const step = fileURLToPath(new URL('../light-step.ts', import.meta.url));
  writeFileSync(join(bench.dataDir, 'catalogue.json'), JSON.stringify({ images: { [image]: { step } } }));
  await bench.platform.patch(promises, { name: 'light' }, 'apply', lightPromise(), { fieldManager: 'bench', force: true });
  await until<UnstructuredObject>(bench.platform, promises, { name: 'light' }, (promise) => (promise?.['status'] as { status?: string } | undefined)?.status === 'Available', { timeoutMs: 30_000 });
  const results = [];
  for (const count of counts) {
    const arrived = arrivals(bench, `light-r${count}-`, count);
    await arrived.watching;
    const before = await readCost(bench.platform);
    const started = performance.now();
    const names = Array.from({ length: count }, (_, index) => `r${count}-${index}`);
    await inParallel(names, 64, (name) =>
      bench.platform.create(lights, { apiVersion: 'bench.plinth.dev/v1', kind: 'Light', metadata: { name, namespace: 'default' }, spec: {} } as UnstructuredObject),
    );
    await arrived.all;
    const allOnWorkerS = round((performance.now() - started) / 1000);
    results.push({ count, allOnWorkerS, cost: costPerRequest(before, await readCost(bench.platform), count) });
  }
  return results;
}

function arrivals(bench: BenchPlatform, prefix: string, count: number): { readonly watching: Promise<void>; readonly all: Promise<void> } {
  const ended = new AbortController();
  const watching = Promise.withResolvers<void>();
  const all = (async () => {
    const { metadata } = await bench.worker.list(configMaps, { namespace: 'default' });
    watching.resolve();
    const seen = new Set<string>();
    const timer = setTimeout(() => ended.abort(), 180_000);
    for await (const event of bench.worker.watch(configMaps, { namespace: 'default', resourceVersion: metadata.resourceVersion, signal: ended.signal })) {
      if (event.type === 'ADDED' && event.object.metadata.name.startsWith(prefix)) seen.add(event.object.metadata.name);
      if (seen.size === count) break;
    }
    clearTimeout(timer);
    ended.abort();
    if (seen.size < count) throw new Error(`${seen.size} of ${count} light requests arrived within 180 s`);
  })();
  return { watching: watching.promise, all };
}

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
