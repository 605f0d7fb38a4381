import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPostmaster } from './postmaster.ts';
import { stopProcess } from './stop-process.ts';

/** Volume, `pgroot`, `data`. */
const maxDepth = 3;

/**
 * Stops every server that runs in a data directory below `folder`: those whose cluster process was killed and will not be
 * started again. Resolves with how many there were, when all of them are gone.
 */
export async function stopServersBelow(folder: string, patienceMs = 2000): Promise<number> {
  const running = dataDirectoriesBelow(folder, maxDepth).flatMap((dataDir) => findPostmaster(dataDir) ?? []);
  await Promise.all(running.map(({ pid, isAlive }) => stopProcess(pid, isAlive, patienceMs)));
  return running.length;
}

function dataDirectoriesBelow(folder: string, depth: number): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === 'postmaster.pid')) return [folder];
  if (depth === 0) return [];
  return entries.filter((entry) => entry.isDirectory()).flatMap(({ parentPath, name }) => dataDirectoriesBelow(join(parentPath, name), depth - 1));
}
