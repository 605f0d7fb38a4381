import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataDirLayout, type DataDir, type Installation, readInstallation, type UnitName } from '../config/data-dir.ts';
import { FileLock } from '../config/file-lock.ts';
import { exitCodes, UserError } from '../errors.ts';
import { ControlServer } from '../supervisor/control-socket.ts';
import { announceListening, spawnPlinth } from '../supervisor/spawn.ts';

export interface UnitContext {
  readonly layout: DataDir;
  readonly installation: Installation;
  /** Shown to whoever watches the start. */
  readonly progress: (detail: string) => void;
}

/** Resolves when the unit is up; disposing it stops what it started. */
export type StartUnit = (context: UnitContext) => Promise<AsyncDisposable>;

/**
 * The life of a unit's process: one at a time per data directory, up until it is told to stop. When nobody is connected
 * any more, the supervisor died, and the unit starts another; of several that are started at once one stays.
 */
export async function runUnit(name: UnitName, root: string, load: () => Promise<StartUnit>): Promise<void> {
  const layout = dataDirLayout(root);
  using _lock = await acquireLock(join(layout.run, `${name}.lock`));
  const stop = Promise.withResolvers<void>();
  let stopping = false;
  const requestStop = (): void => {
    stopping = true;
    stop.resolve();
  };
  await using control = await ControlServer.listen(layout.socket(name), { unit: name, pid: process.pid, phase: 'starting' }, {
    command: requestStop,
    lastConnectionClosed: () => {
      if (!stopping) spawnPlinth(layout, 'supervisor', ['up', '--resume', '--data-dir', root]).listening.catch(() => {});
    },
  });
  process.once('SIGTERM', requestStop);
  announceListening();
  try {
    const installation = readInstallation(layout);
    if (!installation) throw new UserError(`${layout.installationFile} is missing`, { exitCode: exitCodes.dataDirUnusable });
    const startUnit = await load();
    await using _unit = await startUnit({ layout, installation, progress: (detail) => control.set({ detail }) });
    control.set({ phase: 'ready', detail: '', readyAfterMs: Math.round(performance.now()) });
    await stop.promise;
    control.set({ phase: 'stopping' });
  } catch (error) {
    stopping = true;
    console.error(error);
    // Errors with a hint are those that a person must do something about.
    const hint = (error as { hint?: string }).hint;
    control.set({ phase: 'failed', detail: (error as Error).message, ...(hint ? { hint, fatal: true } : {}) });
    process.exitCode = error instanceof UserError ? error.exitCode : exitCodes.failed;
    // The supervisor may still be on its way to the socket; it is to learn why.
    await Promise.race([control.connected, delay(2000)]);
  }
}

/** A predecessor that was just killed may take a moment to be gone; the lock tells, and offers no event to wait on. */
async function acquireLock(file: string): Promise<FileLock> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const lock = FileLock.tryAcquire(file);
    if (lock) return lock;
    await delay(50);
  }
  throw new UserError(`another process still holds ${file} after 10 s`, { hint: 'stop it first (plinth down)' });
}
