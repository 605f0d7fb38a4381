import { notUnderstood, YqError } from './errors.ts';

export interface Options {
  readonly command: 'eval' | 'eval-all' | 'version' | 'help';
  /** What is neither an option nor the value of one: the expression, files. */
  readonly words: readonly string[];
  readonly isNullInput: boolean;
  readonly isInPlace: boolean;
  readonly isPretty: boolean;
  readonly isExitStatus: boolean;
  readonly isNulSeparated: boolean;
  readonly hasSeparators: boolean;
  /** Scalars without quotes. Undefined: as the format has it. */
  readonly isUnwrapped: boolean | undefined;
  readonly indent: number;
  readonly inputFormat: string;
  readonly outputFormat: string;
  readonly expression: string | undefined;
  readonly expressionFile: string | undefined;
  readonly splitExpression: string | undefined;
  readonly splitExpressionFile: string | undefined;
}

/** Long name -> short name, and whether it takes a value. */
const FLAGS: Readonly<Record<string, readonly [short: string | undefined, takesValue: boolean]>> = {
  'null-input': ['n', false], inplace: ['i', false], prettyPrint: ['P', false], 'exit-status': ['e', false], 'nul-output': ['0', false], 'no-doc': ['N', false],
  unwrapScalar: ['r', false], tojson: ['j', false], 'no-colors': ['M', false], verbose: ['v', false], version: ['V', false], help: ['h', false],
  indent: ['I', true], 'input-format': ['p', true], 'output-format': ['o', true], expression: [undefined, true], 'from-file': [undefined, true], 'split-exp': ['s', true], 'split-exp-file': [undefined, true],
};
const BY_SHORT = new Map(Object.entries(FLAGS).flatMap(([long, [short]]) => (short ? [[short, long] as const] : [])));

const FORMATS: Readonly<Record<string, string>> = { a: 'auto', auto: 'auto', y: 'yaml', yml: 'yaml', yaml: 'yaml', j: 'json', json: 'json', p: 'props', props: 'props', properties: 'props', c: 'csv', csv: 'csv', t: 'tsv', tsv: 'tsv' };

/** Reads a command line as yq 4 does. Errors: an option, or a format, that is not known here. */
export function parseOptions(args: readonly string[]): Options {
  const given = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    const next = (): string => {
      at += 1;
      if (at >= args.length) throw new YqError(`flag needs an argument: ${arg}`);
      return args[at]!;
    };
    if (arg === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith('--')) long(arg.slice(2), given, next);
    else if (arg.startsWith('-') && arg !== '-') short(arg.slice(1), given, next);
    else words.push(arg);
  }
  return optionsOf(given, words);
}

function long(text: string, given: Map<string, string>, next: () => string): void {
  const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(text)!;
  const flag = FLAGS[name!];
  if (!flag) throw notUnderstood(`the option --${name}`);
  given.set(name!, value ?? (flag[1] ? next() : 'true'));
}

/** `-ir`, `-ojson`, `-o=json`, `-I0`. */
function short(text: string, given: Map<string, string>, next: () => string): void {
  for (let rest = text; rest !== ''; ) {
    const name = BY_SHORT.get(rest[0]!);
    if (!name) throw notUnderstood(`the option -${rest[0]}`);
    rest = rest.slice(1);
    if (FLAGS[name]![1]) {
      given.set(name, rest === '' ? next() : rest.replace(/^=/, ''));
      return;
    }
    if (rest.startsWith('=')) {
      given.set(name, rest.slice(1));
      return;
    }
    given.set(name, 'true');
  }
}

function optionsOf(given: ReadonlyMap<string, string>, words: readonly string[]): Options {
  const isOn = (name: string): boolean => /^(true|t|1)$/i.test(given.get(name) ?? 'false');
  const format = (name: string): string => {
    const asked = given.get(name) ?? 'auto';
    const found = FORMATS[asked];
    if (!found || (name === 'input-format' && (found === 'csv' || found === 'tsv' || found === 'props'))) throw notUnderstood(`the format '${asked}' of --${name}`);
    return found;
  };
  const indent = Number(given.get('indent') ?? 2);
  if (!Number.isInteger(indent) || indent < 0 || indent > 16) throw new YqError(`invalid argument "${given.get('indent')}" for "-I, --indent" flag: it is a number from 0 to 16`);
  const [first, ...others] = words;
  const isAll = first === 'eval-all' || first === 'ea';
  const isEval = first === 'eval' || first === 'e';
  if (first === 'completion' || first === 'shell-completion') throw notUnderstood(`the command '${first}'`);
  return {
    command: isOn('version') ? 'version' : isOn('help') || first === 'help' ? 'help' : isAll ? 'eval-all' : 'eval',
    words: isAll || isEval ? others : words,
    isNullInput: isOn('null-input'),
    isInPlace: isOn('inplace'),
    isPretty: isOn('prettyPrint'),
    isExitStatus: isOn('exit-status'),
    isNulSeparated: isOn('nul-output'),
    hasSeparators: !isOn('no-doc'),
    isUnwrapped: given.has('unwrapScalar') ? isOn('unwrapScalar') : undefined,
    indent,
    inputFormat: format('input-format'),
    outputFormat: isOn('tojson') ? 'json' : format('output-format'),
    expression: given.get('expression'),
    expressionFile: given.get('from-file'),
    splitExpression: given.get('split-exp'),
    splitExpressionFile: given.get('split-exp-file'),
  };
}
