import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PostgresError } from '../errors.ts';
import { dataDirArgument } from './data-dir.ts';
import type { Engine } from './locate-engine.ts';

/**
 * Runs statements (one per line) in PostgreSQL's single-user mode, which asks for no password: the way back in when the
 * password that the database knows is lost. No server may be running in the folder. Returns what it printed.
 *
 * Errors: `StartFailed`; the statements are not repeated in it.
 */
export async function runSingleUser(engine: Engine, dataDir: string, statements: readonly string[]): Promise<string> {
  const child = spawn(join(engine.binDir, 'postgres'), ['--single', '-D', dataDirArgument(engine, dataDir), '-c', 'log_min_error_statement=panic', 'postgres'], {
    cwd: dataDir,
    env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
    ...(engine.user ? { uid: engine.user.uid, gid: engine.user.gid } : {}),
  });
  let rows = '';
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (rows = (rows + chunk).slice(-10_000)));
  child.stderr!.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-2_000)));
  child.stdin!.on('error', () => {});
  child.stdin!.end(`${statements.join('\n')}\n`);
  const ended = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `it ended with ${signal ?? `code ${code}`}`));
  });
  if (ended || /^.*(ERROR|FATAL):/m.test(output)) {
    throw new PostgresError('StartFailed', `running PostgreSQL in single-user mode in ${dataDir} failed: ${ended} ${output.trim()}`, 'See the PostgreSQL messages above');
  }
  return rows;
}
