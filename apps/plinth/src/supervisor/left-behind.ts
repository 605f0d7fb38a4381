import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDir } from '../config/data-dir.ts';

/**
 * Stops database servers whose cluster process was killed and not brought back. None is left after this. Costs nothing
 * when no database was ever made here.
 */
export async function stopLeftBehind(layout: DataDir): Promise<void> {
  const volumes = join(layout.cluster('worker'), 'volumes');
  if (!existsSync(volumes)) return;
  const { stopServersBelow } = await import('@plinth/postgres');
  await stopServersBelow(volumes);
}
