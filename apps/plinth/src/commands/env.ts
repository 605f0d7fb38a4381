import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { dataDirLayout } from '../config/data-dir.ts';
import { readEnvironment, resolveDataDir } from '../config/environment.ts';
import { exitCodes, UserError } from '../errors.ts';
import { shellQuote } from '../ui/shell-quote.ts';
import { dataDirOption, outputOption } from './options.ts';

export function registerEnv(program: Command): void {
  program
    .command('env')
    .description('Print the lines that point kubectl at the platform: eval "$(plinth env)"')
    .addOption(dataDirOption())
    .addOption(outputOption())
    .action((options: { dataDir?: string; output: 'text' | 'json' }) => {
      const root = resolveDataDir(options.dataDir, readEnvironment());
      const { kubeconfig } = dataDirLayout(root);
      if (!existsSync(kubeconfig)) {
        throw new UserError(`there is no ${kubeconfig} yet`, { hint: '`plinth up` makes it', exitCode: exitCodes.notRunning });
      }
      const variables = { KUBECONFIG: kubeconfig, PLATFORM: 'platform', WORKER: 'worker' };
      if (options.output === 'json') console.log(JSON.stringify(variables, null, 2));
      else for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${shellQuote(value)}`);
    });
}
