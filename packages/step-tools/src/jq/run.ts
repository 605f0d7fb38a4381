import { loadJq } from 'jq-wasm';
import { JqUsageError, parseArguments } from './arguments.ts';
import { codeOf } from './program.ts';

/** What jq does to the machine. */
export interface JqMachine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  readonly readInput: () => string;
}

export interface JqResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Stands before and behind the results of each input: the build trims what it prints, and this keeps their white space. */
const MARK = '\u0001plinth\u0001';
const USAGE_ERROR = 2;
const COMPILE_ERROR = 3;

const REMEDY = 'install jq';

/**
 * One call of jq: jq itself, built as WebAssembly, which sees neither files nor the environment; both are handed to it here.
 *
 * Not there: modules, `input_filename`, `--args`, `--raw-output0`. They are refused.
 */
export async function runJq(args: readonly string[], machine: JqMachine): Promise<JqResult> {
  if (args.some((arg) => arg === '--version' || arg === '-V')) return { stdout: 'jq-1.8.2\n', stderr: '', exitCode: 0 };
  try {
    const call = parseArguments(args, machine.readFile);
    const odd = ODD.exec(codeOf(call.program))?.[1];
    if (odd) throw new JqUsageError(`'${odd}' is not understood by the jq that comes with Plinth`);
    const isWanted = !call.flags.includes('--null-input') || /\binputs?\b/.test(codeOf(call.program));
    const input = call.files.length > 0 ? call.files.map(machine.readFile).join('') : isWanted ? machine.readInput() : '';
    return await run(call.program.trim() === '' ? '.' : call.program, call.flags, input, machine.env);
  } catch (error) {
    const isOurs = error instanceof JqUsageError;
    if (!isOurs && (error as NodeJS.ErrnoException).code === undefined) throw error;
    return { stdout: '', stderr: `jq: error: ${(error as Error).message}${isOurs ? `; ${REMEDY}` : ''}\n`, exitCode: USAGE_ERROR };
  }
}

/** What looks at files. */
const ODD = /(?<![.$\w])(input_filename|import|include|get_search_list)\b/;

async function run(program: string, given: readonly string[], input: string, env: JqMachine['env']): Promise<JqResult> {
  const jq = await loadJq();
  const isJoined = given.includes('--join-output');
  const flags = given.filter((flag) => flag !== '--exit-status' && flag !== '--unbuffered');
  const environment = withEnvironment(program, env);
  const own = environment.program;
  flags.unshift(...environment.flags);
  const mark = JSON.stringify(MARK);
  const whole = jq.raw(input, `${mark}, (${own}\n), ${mark}`, flags);
  // What is wrong with a program is said of the program that was given.
  const { stdout, stderr, exitCode } = whole.exitCode === COMPILE_ERROR ? jq.raw(input, own, flags) : whole;
  const end = isJoined ? '' : '\n';
  // Where it broke off, there is no mark, and the end of the last result is gone.
  const isWhole = stdout.endsWith(MARK) || stdout.endsWith(mark);
  const printed = `${stdout}${stdout !== '' || isWhole ? end : ''}`.replaceAll(`${mark}${end}`, '').replaceAll(`${MARK}${end}`, '');
  const asked = given.includes('--exit-status') && exitCode === 0 ? jq.raw(input, own, [...flags, '--exit-status']).exitCode : exitCode;
  return { stdout: printed, stderr: stderr === '' ? '' : `${stderr.replaceAll('/dev/stdin', '<stdin>')}\n`, exitCode: asked };
}

/** `env` and `$ENV` are this process's, and not those of the build, which has none. */
function withEnvironment(program: string, env: JqMachine['env']): { readonly program: string; readonly flags: readonly string[] } {
  if (!/\$ENV\b|(?<![.$\w])env\b/.test(codeOf(program))) return { program, flags: [] };
  return { program: `$__environment as $ENV | def env: $ENV; ${program}`, flags: ['--argjson', '__environment', JSON.stringify(env)] };
}
