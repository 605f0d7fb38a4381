import type { Command } from 'commander';
import { unitNames, type UnitName } from '../config/data-dir.ts';
import { UserError, exitCodes } from '../errors.ts';
import { runUnit, type StartUnit } from '../units/run-unit.ts';

/** One unit's process; started by the supervisor, and of no use to a person. */
export function registerUnit(program: Command): void {
  program
    .command('unit <name>', { hidden: true })
    .requiredOption('--data-dir <dir>')
    .action(async (name: string, options: { dataDir: string }) => {
      if (!unitNames.includes(name as UnitName)) throw new UserError(`there is no unit ${name}`, { exitCode: exitCodes.usage });
      await runUnit(name as UnitName, options.dataDir, loaders[name as UnitName]);
      // Everything is stored and closed; what may still be open (idle keep-alive connections) need not be waited for.
      process.exit();
    });
}

/** Loaded on demand, so that the git process does not hold the code of the clusters in memory. */
const loaders: Readonly<Record<UnitName, () => Promise<StartUnit>>> = {
  git: async () => (await import('../units/git.ts')).startGitUnit,
  platform: async () => (await import('../units/platform.ts')).startPlatformUnit,
  worker: async () => (await import('../units/worker.ts')).startWorkerUnit,
};
