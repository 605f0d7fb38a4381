import { InvalidArgumentError, Option, type Command } from 'commander';
import { dataDirOption } from './options.ts';

export interface WhyOptions {
  readonly dataDir?: string;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly waterfall?: boolean;
  readonly output: 'text' | 'json' | 'yaml';
}

export function registerWhy(program: Command): void {
  program
    .command('why')
    .description('Say in one sentence why something is not ready, and how far it got. Exit code 0: it is ready; 1: it is not; 2: there is no such thing.')
    .argument('<what...>', 'KIND/NAME or KIND NAME: a request of any Promise, promise/NAME, destination/NAME ...')
    .addOption(dataDirOption())
    .option('-n, --namespace <namespace>', 'where the request is (default: that of the context)')
    .option('--kubeconfig <file>', 'look at another cluster than that of the data directory')
    .option('--context <name>', 'a context of the kubeconfig (default: platform, or with --kubeconfig the current one)')
    .option('--waterfall', 'show where the time went')
    .addOption(formatOption())
    .addHelpText('after', `\nIt asks the platform cluster only, so it works when git or the worker are down.\n\n  plinth why postgresql/example\n  plinth why postgresql example -n default --waterfall\n  plinth why promise/postgresql\n`)
    .action(async (what: readonly string[], options: WhyOptions) => {
      const { answerWhy } = await import('../why/answer-why.ts');
      await answerWhy(what, options);
    });
}

const formatOption = (): Option =>
  new Option('-o, --output <format>', 'text, or json or yaml for scripts').default('text').argParser((value) => {
    if (value !== 'text' && value !== 'json' && value !== 'yaml') throw new InvalidArgumentError('text, json and yaml are known.');
    return value;
  });
