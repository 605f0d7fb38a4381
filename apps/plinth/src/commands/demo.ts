import type { Command } from 'commander';
import { dataDirOption } from './options.ts';

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('Start the platform, ask it for a database, and show each step until SQL is answered. Ctrl-C stops everything.')
    .addOption(dataDirOption())
    .option('--exit', 'stop when the demo is over')
    .action(async (options: { dataDir?: string; exit?: boolean }) => {
      const { runDemo } = await import('../demo/run-demo.ts');
      await runDemo(options);
    });
}
