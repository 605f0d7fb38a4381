import type { Command } from 'commander';
import { dataDirLayout, unitNames } from '../config/data-dir.ts';
import { readEnvironment, resolveDataDir } from '../config/environment.ts';
import { exitCodes, UserError } from '../errors.ts';
import { connectControl } from '../supervisor/control-socket.ts';
import { stopLeftBehind } from '../supervisor/left-behind.ts';
import { dataDirOption } from './options.ts';

export function registerDown(program: Command): void {
  program
    .command('down')
    .description('Stop the platform and every database. All data stays.')
    .addOption(dataDirOption())
    .action(async (options: { dataDir?: string }) => {
      const root = resolveDataDir(options.dataDir, readEnvironment());
      const layout = dataDirLayout(root);
      const stopped: string[] = [];
      // The supervisor first: it stops the others. Units whose supervisor was killed a moment ago are told directly.
      for (const name of ['supervisor', ...unitNames]) {
        const connection = await connectControl(layout.socket(name), () => {});
        if (!connection) continue;
        connection.send({ command: 'stop' });
        await connection.closed;
        stopped.push(name);
      }
      await stopLeftBehind(layout);
      if (stopped.length === 0) {
        throw new UserError(`no Plinth runs on ${root}`, { hint: '`plinth up` starts it', exitCode: exitCodes.notRunning });
      }
      console.log(`stopped; everything is kept in ${root}`);
    });
}
