import { configMaps, type ConfigMap } from '@plinth/api';
import type { BenchPlatform } from '../platform.ts';
import { round, summarise, type Summary } from '../statistics.ts';

const value = 'x'.repeat(900);
const object = (name: string): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } }) as ConfigMap;

/** Durable creations of 1 KB objects through HTTPS, by so many clients at once, for some seconds. */
export async function measureWrites(bench: BenchPlatform, clients: readonly number[] = [1, 8, 64], seconds = 4): Promise<readonly { readonly clients: number; readonly writesPerSecond: number }[]> {
  const results = [];
  for (const count of clients) {
    let written = 0;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: count }, async (_, client) => {
        for (let index = 0; performance.now() - started < seconds * 1000; index++) {
          await bench.platform.create(configMaps, object(`write-${count}-${client}-${index}`));
          written += 1;
        }
      }),
    );
    results.push({ clients: count, writesPerSecond: Math.round(written / ((performance.now() - started) / 1000)) });
    await bench.platform.deleteCollection(configMaps, { namespace: 'default' });
  }
  return results;
}

/** Listing all of so many 1 KB objects through HTTPS, in one reply, parsed. */
export async function measureLists(bench: BenchPlatform, sizes: readonly number[] = [100, 1000, 10_000], runs = 11): Promise<readonly { readonly objects: number; readonly listMs: Summary }[]> {
  const results = [];
  let made = 0;
  for (const size of sizes) {
    for (; made < size; made += 100) {
      await Promise.all(Array.from({ length: Math.min(100, size - made) }, (_, index) => bench.platform.create(configMaps, object(`list-${made + index}`))));
    }
    const values: number[] = [];
    for (let run = 0; run < runs; run++) {
      const started = performance.now();
      const { items } = await bench.platform.list(configMaps, { namespace: 'default' });
      values.push(performance.now() - started);
      if (items.length < size) throw new Error(`listed ${items.length} of ${size}`);
    }
    results.push({ objects: size, listMs: summarise(values) });
  }
  await bench.platform.deleteCollection(configMaps, { namespace: 'default' });
  return results.map(({ objects, listMs }) => ({ objects, listMs: { ...listMs, p50: round(listMs.p50) } }));
}
