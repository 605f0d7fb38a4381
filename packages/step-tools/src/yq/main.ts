/** The program `yq`, for steps on machines that have no yq 4: `node main.ts ARGUMENTS`. */
import { fstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { argv, env, stderr, stdout } from 'node:process';
import { runYq } from './run.ts';

const hasInput = (): boolean => {
  try {
    return !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
};

/** Anything may stand where a file's name may: expressions are longer than names can be. */
const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const printed: string[] = [];
process.exitCode = runYq(argv.slice(2), {
  env,
  readFile: (path) => readFileSync(path === '-' ? 0 : path, 'utf8'),
  writeFile: (path, text) => writeFileSync(path, text),
  isFile,
  hasInput: hasInput(),
  print: (text) => printed.push(text),
  warn: (text) => stderr.write(text),
});
// Whoever reads may have had enough: `yq . file | head -n 1`.
stdout.on('error', () => {});
stdout.write(printed.join(''));
