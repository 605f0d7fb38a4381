import type { BenchPlatform } from '../platform.ts';
import { giveBack, requestToSql, WorkerWatch } from '../databases.ts';
import { summarise, type Summary } from '../statistics.ts';

/** Databases one after the other, each given back before the next: every one is made from nothing. */
export async function measureOneAtATime(bench: BenchPlatform, count = 50): Promise<{ readonly requestToSqlMs: Summary; readonly curve: readonly number[] }> {
  using watcher = await WorkerWatch.start(bench.worker);
  const values: number[] = [];
  for (let index = 0; index < count; index++) {
    values.push(await requestToSql(bench, `single-${index}`, watcher));
    await giveBack(bench, `single-${index}`, watcher);
  }
  return { requestToSqlMs: summarise(values), curve: values.map((value) => Math.round(value)) };
}
