import { spawn } from 'node:child_process';
import { existsSync, openSync, renameSync, statSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataDir } from '../config/data-dir.ts';
import { UserError } from '../errors.ts';

export interface Spawned {
  readonly pid: number;
  /** Its control socket can be connected to. Rejects when it exits before that. */
  readonly listening: Promise<void>;
}

/**
 * Starts `plinth ARGS` as a process of its own session, so that neither Ctrl-C nor the end of this process reaches it;
 * it is asked to stop over its control socket.
 */
export function spawnPlinth(layout: DataDir, logName: string, args: readonly string[], nodeOptions: readonly string[] = []): Spawned {
  const log = openLog(layout, logName);
  const child = spawn(process.execPath, [...nodeOptions, launcher, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    cwd: layout.root,
  });
  closeSync(log);
  const listening = new Promise<void>((resolve, reject) => {
    child.once('message', (message) => (isFailure(message) ? reject(new UserError(message.failure, message)) : resolve()));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${logName} ended (${signal ?? `exit code ${code}`}) before it was up; see ${join(layout.logs, `${logName}.log`)}`)));
  });
  // Until then it counts as work of this process; afterwards it lives on its own.
  listening
    .finally(() => {
      if (child.connected) child.disconnect();
      child.unref();
    })
    .catch(() => {});
  return { pid: child.pid ?? 0, listening };
}

interface Failure {
  readonly failure: string;
  readonly hint?: string;
  readonly exitCode?: number;
}

const isFailure = (message: unknown): message is Failure => typeof (message as Partial<Failure> | null)?.failure === 'string';

/** Tells the process that started this one why it gives up, if that still waits for the control socket. */
export function announceFailure(error: unknown): void {
  if (!process.connected || !(error instanceof Error)) return;
  const { hint, exitCode } = error as Partial<Pick<UserError, 'hint' | 'exitCode'>>;
  process.send?.({ failure: error.message, ...(hint ? { hint } : {}), ...(exitCode ? { exitCode } : {}) } satisfies Failure);
}

/** Tells the process that started this one that the control socket is up. */
export function announceListening(): void {
  if (!process.send) return;
  process.send('listening', () => process.connected && process.disconnect?.());
}

const launcher = fileURLToPath(new URL('../../bin/plinth.mjs', import.meta.url));

/** Appends; a log of more than 10 MB becomes `.1`, and the one before that goes. */
function openLog(layout: DataDir, name: string): number {
  const file = join(layout.logs, `${name}.log`);
  if (existsSync(file) && statSync(file).size > 10 * 1024 * 1024) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}
