import { jobs, persistentVolumeClaims, pods, postgresqls, secrets, services, statefulSets, workPlacements, works, type Pod, type WorkPlacement } from '@plinth/api';
import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { giveBack, requests, requestToSql, WorkerWatch } from '../databases.ts';
import type { BenchPlatform } from '../platform.ts';
import { summarise } from '../statistics.ts';

/** When a stage of a request is first seen from outside, in ms after the request was sent; medians over some requests. */
export interface Stage {
  readonly name: string;
  readonly atMs: number;
}

const isPodReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/**
 * Where the time of one request goes. Every stage is taken from a watch on one of the two API servers, so it includes the
 * way to this process (about a millisecond).
 */
export async function measureWaterfall(bench: BenchPlatform, runs = 10): Promise<readonly Stage[]> {
  using watcher = await WorkerWatch.start(bench.worker);
  const seen = new Map<string, number[]>();
  for (let run = 0; run < runs; run++) {
    const name = `fall-${run}`;
    const instance = `acid-${name}-postgresql`;
    const ended = new AbortController();
    let started = 0;
    const stages = new Map<string, number>();
    const mark = (stage: string): void => {
      if (!stages.has(stage)) stages.set(stage, performance.now() - started);
    };
    const of = (object: KubeObject): boolean => object.metadata.labels?.['kratix.io/resource-name'] === name;
    const named = (expected: string) => (object: KubeObject): boolean => object.metadata.name === expected;
    await Promise.all([
      follow(bench.platform, requests, ended.signal, (object) => named(name)(object) && mark('request stored')),
      follow(bench.platform, jobs, ended.signal, (object) => of(object) && mark('workflow Job made')),
      follow<Pod>(bench.platform, pods, ended.signal, (pod) => {
        if (!of(pod)) return;
        mark('workflow Pod made');
        if (pod.status?.phase === 'Succeeded') mark('workflow Pod completed');
      }),
      follow(bench.platform, works, ended.signal, (object) => of(object) && mark('Work made')),
      follow<WorkPlacement>(bench.platform, workPlacements, ended.signal, (placement) => {
        if (placement.spec?.resourceName !== name) return;
        mark('WorkPlacement made');
        if (placement.status?.versionID) mark('commit pushed');
      }),
      follow(bench.worker, postgresqls, ended.signal, (object) => named(instance)(object) && mark('manifest applied on the worker')),
      follow(bench.worker, secrets, ended.signal, (object) => object.metadata.name.startsWith(`acid.${instance}.`) && mark('credentials made')),
      follow(bench.worker, services, ended.signal, (object) => named(instance)(object) && mark('Service made')),
      follow(bench.worker, statefulSets, ended.signal, (object) => named(instance)(object) && mark('StatefulSet made')),
      follow(bench.worker, persistentVolumeClaims, ended.signal, (object) => named(`pgdata-${instance}-0`)(object) && mark('volume claim made')),
      follow<Pod>(bench.worker, pods, ended.signal, (pod) => {
        if (pod.metadata.name !== `${instance}-0`) return;
        mark('database Pod made');
        if (pod.status?.containerStatuses?.[0]?.state?.running) mark('container running');
        if (isPodReady(pod)) mark('database Pod ready');
      }),
      follow(bench.platform, requests, ended.signal, (object) => {
        const status = (object as UnstructuredObject)['status'] as { healthStatus?: { state?: string } } | undefined;
        if (object.metadata.name === name && status?.healthStatus?.state === 'ready') mark('request says ready');
      }),
    ]);
    started = performance.now();
    const total = await requestToSql(bench, name, watcher);
    stages.set('SQL answered', total);
    await until(() => stages.has('request says ready'), 10_000);
    ended.abort();
    for (const [stage, at] of stages) seen.set(stage, [...(seen.get(stage) ?? []), at]);
    await giveBack(bench, name, watcher);
  }
  return [...seen].map(([name, values]) => ({ name, atMs: summarise(values).p50 })).sort((a, b) => a.atMs - b.atMs);
}

async function follow<T extends KubeObject>(client: Client, resource: ApiResource, signal: AbortSignal, look: (object: T) => unknown): Promise<void> {
  const { metadata } = await client.list(resource, { namespace: 'default' });
  void (async () => {
    for await (const event of client.watch<T>(resource, { namespace: 'default', resourceVersion: metadata.resourceVersion, signal })) {
      if (event.type === 'ADDED' || event.type === 'MODIFIED') look(event.object);
    }
  })();
}

async function until(predicate: () => boolean, timeoutMs: number): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !predicate() && performance.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 5));
}
