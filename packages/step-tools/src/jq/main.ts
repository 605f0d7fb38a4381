/** The program `jq`, for steps on machines that have none: `node main.ts ARGUMENTS`. */
import { fstatSync, readFileSync } from 'node:fs';
import { argv, env, stderr, stdout } from 'node:process';
import { runJq } from './run.ts';

const readInput = (): string => {
  try {
    return fstatSync(0).isCharacterDevice() && process.stdin.isTTY !== true ? '' : readFileSync(0, 'utf8');
  } catch {
    return '';
  }
};

const result = await runJq(argv.slice(2), { env, readFile: (path) => readFileSync(path, 'utf8'), readInput });
// Whoever reads may have had enough: `jq . file | head -n 1`.
stdout.on('error', () => {});
stdout.write(result.stdout);
stderr.write(result.stderr);
process.exitCode = result.exitCode;
