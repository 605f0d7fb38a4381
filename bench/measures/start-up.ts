import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBenchPlatform } from '../platform.ts';
import { summarise, type Summary } from '../statistics.ts';

/** From the command to "ready, with Postgres on offer": on a new data directory, and on one that is there. */
export async function measureStartUp(runs = 5): Promise<{ readonly firstMs: Summary; readonly againMs: Summary }> {
  const first: number[] = [];
  const again: number[] = [];
  for (let run = 0; run < runs; run++) {
    const dataDir = join(mkdtempSync(join(tmpdir(), 'plinth-bench-')), 'data');
    for (const series of [first, again]) {
      await using platform = await startBenchPlatform({ dataDir, keep: series === first });
      series.push(platform.readyAfterMs);
    }
  }
  return { firstMs: summarise(first), againMs: summarise(again) };
}
