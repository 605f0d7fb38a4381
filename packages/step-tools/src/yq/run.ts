import { extname } from 'node:path';
import type { Context, Outside } from './context.ts';
import { YqError, notUnderstood } from './errors.ts';
import { evaluate } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { integer, YamlNode } from './node.ts';
import { parseOptions, type Options } from './options.ts';
import { parse } from './parse.ts';
import { Printer } from './print.ts';
import { readJson } from './read-json.ts';
import { readYaml } from './read-yaml.ts';

/** What yq does to the machine. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `-` is standard input. */
  readonly readFile: (path: string) => string;
  readonly writeFile: (path: string, text: string) => void;
  readonly isFile: (path: string) => boolean;
  /** Something other than a terminal or `/dev/null` is at standard input. */
  readonly hasInput: boolean;
  readonly print: (text: string) => void;
  readonly warn: (text: string) => void;
}

export const VERSION = 'yq (https://github.com/mikefarah/yq/) version v4.47.2, as far as Plinth\'s own yq knows it';

const USAGE = `usage: yq [eval|eval-all] [options] [expression] [file]...

Plinth's own yq, for machines without yq 4: it reads and changes YAML and JSON with yq 4's language, and refuses
what it does not know. Options: -i -n -r -N -P -e -0 -j -M, -I NUMBER, -o yaml|json|props|csv|tsv, -p yaml|json,
-s EXPRESSION, --expression, --from-file, --split-exp-file, --version.
`;

/** What -P does: everything in its plain style, except strings that others would take for booleans. */
const PRETTY = '(... | (select(tag != "!!str"), select(tag == "!!str") | select(test("(?i)^(y|yes|n|no|on|off)$") | not))) style=""';

/** One call of yq, from its arguments to its exit code. */
export function runYq(args: readonly string[], machine: Machine): number {
  try {
    return run(parseOptions(args), machine);
  } catch (error) {
    if (!(error instanceof YqError)) throw error;
    machine.warn(`Error: ${error.message}\n`);
    return 1;
  }
}

function run(options: Options, machine: Machine): number {
  if (options.command === 'version') machine.print(`${VERSION}\n`);
  if (options.command === 'help') machine.print(USAGE);
  if (options.command === 'version' || options.command === 'help') return 0;
  const { expression, files } = expressionAndFiles(options, machine);
  if (options.isInPlace && (files.length === 0 || files[0] === '-')) throw new YqError('write in place flag only applicable when giving an expression and at least one file');
  if (options.isInPlace && splitText(options, machine) !== undefined) throw new YqError('write in place cannot be used with split file');
  if (options.isNullInput && files.length > 0) throw new YqError('cannot pass files in when using null-input flag');
  if (files.length === 0 && !options.isNullInput) throw new YqError(`there is nothing to read: neither a file nor an input\n${USAGE}`);
  const input = formatOf(options.inputFormat, files[0]);
  const output = options.outputFormat !== 'auto' ? options.outputFormat : options.inputFormat === 'auto' ? input : 'yaml';
  const outside: Outside = { env: machine.env, readFile: machine.readFile, indent: options.indent };
  const parsed = parse(options.isPretty ? (expression === '' ? PRETTY : `${expression} | ${PRETTY}`) : expression);
  const printed: string[] = [];
  const printer = new Printer({
    format: output,
    indent: options.indent,
    isUnwrapped: options.isUnwrapped ?? output !== 'json',
    hasSeparators: options.hasSeparators,
    isNulSeparated: options.isNulSeparated,
    write: splitWriter(options, machine, outside, output) ?? ((text) => printed.push(text)),
  });
  const context = (nodes: readonly YamlNode[]): Context => ({ nodes, variables: new Map(), isReadOnly: false, outside });
  for (const nodes of inputs(options, files, input, machine)) printer.print(evaluate(parsed, context(nodes)));
  if (options.isInPlace) machine.writeFile(files[0]!, printed.join(''));
  else machine.print(printed.join(''));
  if (options.isExitStatus && !printer.hasPrinted) throw new YqError('no matches found');
  return 0;
}

/** What the expression is evaluated on, one time after the other. */
function* inputs(options: Options, files: readonly string[], format: string, machine: Machine): Generator<readonly YamlNode[]> {
  if (options.isNullInput) return yield [blank()];
  const isAll = options.command === 'eval-all';
  const all: YamlNode[] = [];
  let count = 0;
  for (const [fileIndex, file] of files.entries()) {
    const origin = { filename: file, fileIndex, isContinuation: isAll && fileIndex > 0 };
    const documents = format === 'json' ? readJson(contentOf(file, machine), origin) : readYaml(contentOf(file, machine), origin);
    count += documents.length;
    if (isAll) all.push(...documents);
    else for (const document of documents) yield [document];
  }
  if (count === 0) yield [blank()];
  else if (isAll) yield all.map((document) => together(document));
}

/** What is looked at where there is no document: it prints as nothing, and becomes what is written to it. */
const blank = (): YamlNode => new YamlNode('scalar', '!!null');

function together(node: YamlNode): YamlNode {
  node.isTogether = true;
  for (const each of node.content) together(each);
  return node;
}

function contentOf(file: string, machine: Machine): string {
  try {
    return machine.readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new YqError(`open ${file}: ${code === 'ENOENT' ? 'no such file or directory' : (error as Error).message}`, { cause: error });
  }
}

function expressionAndFiles(options: Options, machine: Machine): { readonly expression: string; readonly files: readonly string[] } {
  let words = [...options.words];
  const namesFile = words.length > 1 || (words[0] !== undefined && machine.isFile(words[0]));
  if (!options.isNullInput && machine.hasInput && !namesFile && !words.includes('-')) words.push('-');
  let file = options.expressionFile;
  if (file === undefined && words[0]?.endsWith('.yq') && machine.isFile(words[0])) file = words.shift();
  let expression = file === undefined ? (options.expression ?? '') : contentOf(file, machine).replaceAll('\r\n', '\n');
  if (expression === '' && words[0] !== undefined && words[0] !== '-' && !machine.isFile(words[0])) [expression = '', ...words] = words;
  return { expression, files: words };
}

const EXTENSIONS: Readonly<Record<string, string>> = { '.json': 'json', '.xml': 'xml', '.properties': 'props', '.props': 'props', '.csv': 'csv', '.tsv': 'tsv', '.toml': 'toml', '.lua': 'lua', '.ini': 'ini' };

function formatOf(asked: string, file: string | undefined): string {
  const format = asked === 'auto' ? (EXTENSIONS[extname(file ?? '').toLowerCase()] ?? 'yaml') : asked;
  if (format !== 'yaml' && format !== 'json') throw notUnderstood(`a file of the format ${format} (${file})`);
  return format;
}

const splitText = (options: Options, machine: Machine): string | undefined => (options.splitExpressionFile === undefined ? options.splitExpression : contentOf(options.splitExpressionFile, machine));

/** With `-s`, each result goes into a file that an expression names. */
function splitWriter(options: Options, machine: Machine, outside: Outside, format: string): ((text: string, node: YamlNode) => void) | undefined {
  const text = splitText(options, machine);
  if (text === undefined) return undefined;
  const expression: Expression = parse(text);
  let index = 0;
  return (content, node) => {
    const [name] = evaluate(expression, { nodes: [node], variables: new Map([['index', [integer(index)]]]), isReadOnly: true, outside });
    index += 1;
    if (!name || name.kind !== 'scalar') throw new YqError(`the expression of --split-exp names no file for document ${index}`);
    const extension = format === 'yaml' ? 'yml' : format === 'props' ? 'properties' : format;
    machine.writeFile(/\.[a-zA-Z0-9]+$/.test(name.value) ? name.value : `${name.value}.${extension}`, content);
  };
}
