/** A call of jq, in the parts that its WebAssembly build can be given: one text to read, the program, flags without files. */
export interface JqCall {
  readonly program: string;
  readonly flags: readonly string[];
  readonly files: readonly string[];
}

export class JqUsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JqUsageError';
  }
}

/** Long options that take nothing. */
const PLAIN = new Set([
  'slurp', 'raw-input', 'null-input', 'compact-output', 'tab', 'sort-keys', 'monochrome-output', 'ascii-output', 'unbuffered', 'raw-output', 'join-output', 'exit-status', 'stream', 'stream-errors',
]);
const SHORT: Readonly<Record<string, string>> = { s: 'slurp', R: 'raw-input', n: 'null-input', c: 'compact-output', S: 'sort-keys', M: 'monochrome-output', a: 'ascii-output', r: 'raw-output', j: 'join-output', e: 'exit-status' };

/**
 * Reads jq's command line. What names a file (`-f`, `--slurpfile`, `--rawfile`) is read here, for the WebAssembly build sees none. Errors: `JqUsageError`
 * for what is not known, and what `readFile` throws.
 */
export function parseArguments(args: readonly string[], readFile: (path: string) => string): JqCall {
  const flags: string[] = [];
  const files: string[] = [];
  let program: string | undefined;
  let programFile: string | undefined;
  let isOver = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    const next = (): string => {
      at += 1;
      if (at >= args.length) throw new JqUsageError(`${arg} takes a value`);
      return args[at]!;
    };
    if (isOver || !arg.startsWith('-') || arg === '-') {
      if (program === undefined && programFile === undefined) program = arg;
      else files.push(arg);
    } else if (arg === '--') isOver = true;
    else if (arg === '--arg' || arg === '--argjson') flags.push(arg, next(), next());
    else if (arg === '--slurpfile' || arg === '--rawfile') {
      const name = next();
      const content = readFile(next());
      if (arg === '--rawfile') flags.push('--arg', name, content);
      else flags.push('--argjson', name, `[${separated(content)}]`);
    } else if (arg === '--indent') flags.push(arg, next());
    else if (arg === '--from-file') programFile = next();
    else if (arg.startsWith('--')) {
      if (!PLAIN.has(arg.slice(2))) throw new JqUsageError(`the option ${arg} is not understood by the jq that comes with Plinth`);
      flags.push(arg);
    } else {
      for (const letter of arg.slice(1)) {
        if (letter === 'f') programFile = next();
        else if (SHORT[letter]) flags.push(`--${SHORT[letter]}`);
        else throw new JqUsageError(`the option -${letter} is not understood by the jq that comes with Plinth`);
      }
    }
  }
  if (programFile !== undefined && program !== undefined) files.unshift(program);
  const text = programFile === undefined ? program : readFile(programFile);
  if (text === undefined) throw new JqUsageError('usage: jq [options] PROGRAM [file]...');
  return { program: text, flags, files };
}

/** Values that stand one after the other, with commas between them. */
function separated(text: string): string {
  const values: string[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (start < 0 && /\s/.test(character)) continue;
    if (start < 0) start = at;
    if (character === '"') at = endOfString(text, at);
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    const following = text[at + 1];
    if (depth === 0 && (following === undefined || /[\s"[{]/.test(following) || /["\]}]/.test(text[at]!))) {
      values.push(text.slice(start, at + 1));
      start = -1;
    }
  }
  return values.join(',');
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
