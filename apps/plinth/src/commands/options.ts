import { InvalidArgumentError, Option } from 'commander';

/** `--data-dir DIR`, the same for every command. */
export const dataDirOption = (): Option =>
  new Option('--data-dir <dir>', 'where Plinth keeps everything (default: $PLINTH_HOME, else ~/.plinth)').argParser((value) => {
    // From a variable that is not set; it would be the current folder.
    if (value === '') throw new InvalidArgumentError('It is empty.');
    return value;
  });

/** `-o, --output text|json` */
export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'text, or json for scripts').default('text').argParser((value) => {
    if (value !== 'text' && value !== 'json') throw new InvalidArgumentError('text and json are known.');
    return value;
  });
