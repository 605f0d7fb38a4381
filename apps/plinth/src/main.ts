import { Command } from 'commander';
import { registerDemo } from './commands/demo.ts';
import { registerDown } from './commands/down.ts';
import { registerEnv } from './commands/env.ts';
import { registerStatus } from './commands/status.ts';
import { registerUnit } from './commands/unit.ts';
import { registerUp } from './commands/up.ts';
import { registerWhy } from './commands/why.ts';
import { reportFailure } from './ui/report-failure.ts';
import { version } from './version.ts';

const program = new Command('plinth')
  .description('A self-service platform: a few lines of YAML, a running service.')
  .version(version)
  .showHelpAfterError('(plinth --help shows what there is)')
  .exitOverride();

for (const register of [registerUp, registerDown, registerStatus, registerEnv, registerWhy, registerDemo, registerUnit]) register(program);

// The terminal was closed, or the pipe's reader went away: nobody reads any more, which is no reason to die without stopping
// what runs.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
