import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PostgresError } from '../errors.ts';
import { dataDirArgument, replaceFile, type InstanceFolder } from './data-dir.ts';
import type { Engine } from './locate-engine.ts';
import { findPostmaster, readPostmasterFile, startMark } from './postmaster.ts';
import { renderAccessRules, renderConfiguration, serverArguments, type ListenAddress } from './settings.ts';
import { stopProcess } from './stop-process.ts';

export interface ServerOptions {
  readonly folder: InstanceFolder;
  readonly listen: ListenAddress;
  readonly parameters: Readonly<Record<string, string>>;
  /** The one user that may replicate. */
  readonly standbyUser: string;
  /** Ends the waiting (recovery after a crash can take long); a server that has been started is then stopped. */
  readonly signal?: AbortSignal;
}

/**
 * A running PostgreSQL server. It is a process of its own in its own session: it outlives the process that started it,
 * and {@link startServer} in the next one adopts it.
 */
export interface PostgresServer {
  readonly pid: number;
  readonly listen: ListenAddress;
  /** It was running already. */
  readonly adopted: boolean;
  /**
   * Resolves when the process is gone. Of an adopted server nobody is told (it is not our child), so its holder calls
   * {@link PostgresServer.isAlive} when a connection to it breaks.
   */
  readonly exited: Promise<void>;
  /** Also settles {@link PostgresServer.exited} when the answer is no. */
  readonly isAlive: () => boolean;
  /** Writes new parameters and makes the server read them. Some take effect at its next start only. */
  reload(parameters: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Fast shutdown: open transactions are rolled back, everything is written; usually takes milliseconds. After
   * `patienceMs` (default 1500) the server is made to stop at once and will recover at its next start.
   *
   * Errors: `StopFailed` when the process is there even after it was killed.
   */
  stop(patienceMs?: number): Promise<void>;
}

/**
 * Starts the server of a data directory, or adopts the one that runs in it. Resolves when it accepts connections (as
 * a standby: read-only ones).
 *
 * Errors: `StartFailed` with the end of the server's log.
 */
export async function startServer(engine: Engine, options: ServerOptions): Promise<PostgresServer> {
  const { folder, listen } = options;
  const running = findPostmaster(folder.dataDir);
  if (running?.listen?.host === listen.host && running.listen.port === listen.port) {
    await untilReady(folder.dataDir, running, options.signal);
    if (running.isAlive()) return handle(engine, options, { pid: running.pid, isAlive: running.isAlive });
  } else if (running) {
    await stopProcess(running.pid, running.isAlive, 1_500);
  }
  await writeSettings(engine, options, options.parameters);
  const deadline = Date.now() + stragglersMs;
  for (let pauseMs = 20; ; pauseMs *= 2) {
    const attempt = await spawnServer(engine, options);
    if (attempt.type === 'ready') return handle(engine, options, attempt);
    // Its predecessor was killed and its last children are still letting go of the shared memory.
    const straggling = /pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(attempt.log);
    if (!straggling || Date.now() + pauseMs > deadline || options.signal?.aborted) {
      throw new PostgresError(
        'StartFailed',
        `starting PostgreSQL ${engine.version} in ${folder.dataDir} on ${listen.host}:${listen.port} failed: ${attempt.reason}: ${attempt.log}`,
        `The whole log is ${folder.logFile}`,
      );
    }
    await delay(pauseMs);
  }
}

const stragglersMs = 10_000;

async function writeSettings(engine: Engine, options: ServerOptions, parameters: Readonly<Record<string, string>>): Promise<void> {
  const { dataDir } = options.folder;
  await Promise.all([
    replaceFile(join(dataDir, 'postgresql.conf'), renderConfiguration(parameters), engine.user),
    replaceFile(join(dataDir, 'pg_hba.conf'), renderAccessRules(options.standbyUser), engine.user),
  ]);
}

type Attempt =
  | { readonly type: 'ready'; readonly pid: number; readonly isAlive: () => boolean; readonly child: ChildProcess }
  | { readonly type: 'failed'; readonly reason: string; readonly log: string };

async function spawnServer(engine: Engine, options: ServerOptions): Promise<Attempt> {
  const { dataDir, logFile } = options.folder;
  // A file, not a pipe: the server goes on logging when nobody reads. Opened here, because its user could not.
  const log = openSync(logFile, 'a+', 0o600);
  try {
    const logStart = fstatSync(log).size;
    const child = spawn(join(engine.binDir, 'postgres'), serverArguments(dataDirArgument(engine, dataDir), options.listen), {
      cwd: dataDir,
      env: { PATH: '/usr/bin:/bin', TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', log, log],
      ...(engine.user ? { uid: engine.user.uid, gid: engine.user.gid } : {}),
    });
    child.unref();
    const exit = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`the server ended with ${signal ?? `code ${code}`}`));
    });
    const pid = child.pid ?? 0;
    const mark = startMark(pid);
    const isAlive = (): boolean => child.exitCode === null && child.signalCode === null && mark !== undefined && startMark(pid) === mark;
    await Promise.race([exit, untilReady(dataDir, { pid, isAlive }, options.signal)]);
    if (isAlive() && !options.signal?.aborted) return { type: 'ready', pid, isAlive, child };
    if (isAlive()) await stopProcess(pid, isAlive, 1_500);
    const reason = options.signal?.aborted ? 'it was asked to stop while it started' : await exit;
    return { type: 'failed', reason, log: readEnd(log, logStart) };
  } finally {
    closeSync(log);
  }
}

/** Resolves when this process has said that it takes connections, when it is gone, or when the signal aborts. */
async function untilReady(dataDir: string, server: { readonly pid: number; readonly isAlive: () => boolean }, signal?: AbortSignal): Promise<void> {
  const settled = Promise.withResolvers<void>();
  const look = (): void => {
    const file = readPostmasterFile(dataDir);
    // `standby` means that a standby does not take connections yet.
    if ((file?.pid === server.pid && file.status === 'ready') || signal?.aborted || !server.isAlive()) settled.resolve();
  };
  // The server writes its state into the file; the timer covers file systems that tell nobody.
  const watcher = watch(dataDir, { persistent: false }, (_event, name) => {
    if (name === null || name === 'postmaster.pid') look();
  });
  watcher.on('error', () => {});
  const timer = setInterval(look, 200);
  signal?.addEventListener('abort', look, { once: true });
  look();
  try {
    await settled.promise;
  } finally {
    watcher.close();
    clearInterval(timer);
    signal?.removeEventListener('abort', look);
  }
}

function handle(engine: Engine, options: ServerOptions, server: { readonly pid: number; readonly isAlive: () => boolean; readonly child?: ChildProcess }): PostgresServer {
  const exited = Promise.withResolvers<void>();
  server.child?.once('exit', () => exited.resolve());
  if (server.child && server.child.exitCode !== null) exited.resolve();
  const isAlive = (): boolean => {
    const alive = server.isAlive();
    if (!alive) exited.resolve();
    return alive;
  };
  return {
    pid: server.pid,
    listen: options.listen,
    adopted: server.child === undefined,
    exited: exited.promise,
    isAlive,
    async reload(parameters) {
      await writeSettings(engine, options, parameters);
      if (isAlive()) process.kill(server.pid, 'SIGHUP');
    },
    async stop(patienceMs = 1_500) {
      await stopProcess(server.pid, isAlive, patienceMs);
      exited.resolve();
    },
  };
}

function readEnd(fd: number, from: number): string {
  const size = fstatSync(fd).size;
  const start = Math.max(from, size - 4_000);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  readSync(fd, buffer, 0, buffer.length, start);
  return buffer.toString('utf8').trim() || 'it logged nothing';
}
