import type { Clock } from '@plinth/controller-runtime';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { EXIT_KILLED, type ContainerExit, type ContainerLaunch, type RunningContainer } from '../container-runtime.ts';
import { bwrapArguments, SYSTEM_PATH, unshareInto, type Sandbox, type SandboxOptions } from './sandbox.ts';

export interface HostRuntimeOptions {
  readonly sandbox: Exclude<Sandbox, { type: 'none' }>;
  /** Directories with tools, added in front of the path. */
  readonly toolDirectories: readonly string[];
  readonly clock: Clock;
}

/**
 * Runs a command of this machine that sees the container's volumes at their paths, its own processes, a limited
 * environment, and the system read-only. The network is the machine's.
 */
export function runHost(launch: ContainerLaunch, options: HostRuntimeOptions): RunningContainer {
  const ended = Promise.withResolvers<ContainerExit>();
  const started = start(launch, [...launch.command, ...launch.args], options);
  const { child } = started;
  let killed = false;
  let cancelKill: (() => void) | undefined;
  for (const stream of [child.stdout!, child.stderr!]) {
    const lines = wholeLines(launch.log);
    stream.setEncoding('utf8').on('data', lines.take).on('end', lines.end);
  }
  child.on('error', (error) => ended.resolve({ exitCode: 128, reason: 'StartError', message: `cannot start ${options.sandbox.type}: ${error.message}` }));
  // `close` comes after the last output, `exit` may come before it.
  child.on('close', (code, signal) => {
    cancelKill?.();
    const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
    ended.resolve(killed ? { exitCode: EXIT_KILLED, signal: 9 } : { exitCode });
  });
  return {
    ended: ended.promise,
    stop: ({ graceMs }) => {
      cancelKill?.();
      started.terminate();
      cancelKill = options.clock.setTimeout(() => {
        killed = true;
        child.kill('SIGKILL');
      }, graceMs);
    },
    exec: (command, timeoutMs) => execBeside(launch, command, timeoutMs, options),
  };
}

/** A chunk may end in the middle of a line, and the log ends every text with a newline. */
function wholeLines(log: (text: string) => void): { readonly take: (text: string) => void; readonly end: () => void } {
  let rest = '';
  const flush = (text: string): void => {
    if (text !== '') log(text);
  };
  return {
    take: (text) => {
      const all = rest + text;
      // A line that does not end is not kept for ever.
      const whole = all.length > MAX_LINE ? all.length : all.lastIndexOf('\n') + 1;
      rest = all.slice(whole);
      flush(all.slice(0, whole));
    },
    end: () => flush(rest),
  };
}

function start(launch: ContainerLaunch, command: readonly string[], { sandbox, toolDirectories }: HostRuntimeOptions) {
  const view: SandboxOptions = {
    mounts: launch.mounts,
    readOnlyMounts: launch.readOnlyMounts,
    hostname: launch.hostname,
    workingDir: launch.workingDir,
    toolDirectories,
    command,
  };
  const path = [...toolDirectories, launch.env['PATH'] ?? SYSTEM_PATH].join(':');
  // Through the environment and not through arguments, which every user of the machine can read.
  const env = { HOME: '/root', ...launch.env, PATH: path, HOSTNAME: launch.hostname };
  if (sandbox.type === 'unshare') {
    const [file, ...args] = unshareInto(view);
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return { child, terminate: () => void child.kill('SIGTERM') };
  }
  const child = spawn('bwrap', bwrapArguments(view, 3), { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let pid: number | undefined;
  let asked = false;
  const status = child.stdio[3] as Readable;
  status.setEncoding('utf8').on('data', (text: string) => {
    const told = /"child-pid":\s*(\d+)/.exec(text);
    if (told) pid = Number(told[1]);
    if (asked) signalCommand(pid);
  });
  status.on('error', () => {});
  return {
    child,
    terminate: () => {
      asked = true;
      signalCommand(pid);
    },
  };
}

/** bubblewrap itself does not pass signals on. */
function signalCommand(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

function execBeside(launch: ContainerLaunch, command: readonly string[], timeoutMs: number, options: HostRuntimeOptions) {
  return new Promise<{ readonly exitCode: number; readonly output: string }>((resolve) => {
    const { child } = start(launch, command, options);
    let output = '';
    const take = (text: string): void => {
      if (output.length < MAX_EXEC_OUTPUT) output += text;
    };
    const cancel = options.clock.setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout!.setEncoding('utf8').on('data', take);
    child.stderr!.setEncoding('utf8').on('data', take);
    child.on('error', (error) => resolve({ exitCode: 128, output: error.message }));
    child.on('close', (code) => {
      cancel();
      resolve({ exitCode: code ?? EXIT_KILLED, output });
    });
  });
}

const MAX_LINE = 64 * 1024;
const MAX_EXEC_OUTPUT = 10_240;
