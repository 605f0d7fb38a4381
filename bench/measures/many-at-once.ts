import type { BenchPlatform } from '../platform.ts';
import { giveBack, requestToSql, WorkerWatch } from '../databases.ts';
import { round, summarise, type Summary } from '../statistics.ts';

export interface ManyAtOnce {
  readonly count: number;
  /** From the first request until the last database answered. */
  readonly allAnsweredS: number;
  readonly requestToSqlMs: Summary;
}

/** Databases asked for at the same moment. */
export async function measureManyAtOnce(bench: BenchPlatform, counts: readonly number[] = [10, 30, 100]): Promise<readonly ManyAtOnce[]> {
  using watcher = await WorkerWatch.start(bench.worker);
  const results: ManyAtOnce[] = [];
  for (const count of counts) {
    const names = Array.from({ length: count }, (_, index) => `many-${count}-${index}`);
    const started = performance.now();
    const values = await Promise.all(names.map((name) => requestToSql(bench, name, watcher)));
    results.push({ count, allAnsweredS: round((performance.now() - started) / 1000), requestToSqlMs: summarise(values) });
    await Promise.all(names.map((name) => giveBack(bench, name, watcher)));
  }
  return results;
}
