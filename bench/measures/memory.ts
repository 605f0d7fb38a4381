import { requestToSql, giveBack, WorkerWatch } from '../databases.ts';
import { memoryOf, type BenchPlatform } from '../platform.ts';

/** Of all processes, in MB (PSS): idle, and with ten databases. */
export async function measureMemory(bench: BenchPlatform): Promise<{ readonly idleMB: number; readonly withTen: { readonly platformMB: number; readonly databasesMB: number } }> {
  await settle();
  const idle = memoryOf(bench.dataDir);
  using watcher = await WorkerWatch.start(bench.worker);
  const names = Array.from({ length: 10 }, (_, index) => `memory-${index}`);
  await Promise.all(names.map((name) => requestToSql(bench, name, watcher)));
  await settle();
  const withTen = memoryOf(bench.dataDir);
  await Promise.all(names.map((name) => giveBack(bench, name, watcher)));
  return { idleMB: idle.platform + idle.databases, withTen: { platformMB: withTen.platform, databasesMB: withTen.databases } };
}

/** What garbage there is has been collected by now. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5000));
