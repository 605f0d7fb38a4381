import type { Clock } from '@plinth/controller-runtime';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { wholeLines } from '../whole-lines.ts';
import { EXIT_KILLED, type ContainerExit, type ContainerLaunch, type RunningContainer } from '../container-runtime.ts';
import { bwrapArguments, STATUS_FD } from './bwrap.ts';
import { commandLine, DEFAULT_TOOLS, type HostImage } from './host-image.ts';
import { BUILD_ENV, SYSTEM_PATH, type Sandbox } from './sandbox.ts';
import { ENV_FD, environmentLines, MISSING_FD, setupScript, STAND_INS } from './setup-script.ts';
import { isForEverybody, spareLayers, type SpareTool } from './spare-tools.ts';
import type { StepUser } from './step-user.ts';
import { missingTools, type MissingTool } from './tools.ts';
import { unshareInto } from './unshare.ts';
import { buildView, isMachines, toolDirectory } from './view.ts';

export interface HostRuntimeOptions {
  readonly sandbox: Exclude<Sandbox, { type: 'none' }>;
  /** Directories with tools, added in front of the path. A person may put programs into the first of them. */
  readonly toolDirectories: readonly string[];
  /** Programs to take for tools that the machine lacks. Default none. */
  readonly spareTools?: readonly SpareTool[];
  /** Directories of this machine that no command sees, wherever they are. */
  readonly hidden: readonly string[];
  readonly image: HostImage | undefined;
  /** Absent: {@link STEP_USER}. Of no effect when an ordinary user runs Plinth. */
  readonly user?: StepUser;
  readonly readOnlyRoot?: boolean;
  readonly clock: Clock;
}

/**
 * Runs a command of this machine that sees the container's volumes at their paths, its own processes, a limited
 * environment, and the system read-only, as a user without rights. The network is the machine's.
 *
 * Guarantees: the end of the command, of this process or of the grace period ends every process of the container. A
 * container that called a tool that the machine lacks fails, whatever its script made of that, and says which one.
 */
export async function runHost(launch: ContainerLaunch, options: HostRuntimeOptions): Promise<RunningContainer> {
  const tools = await toolsFor(launch, options);
  const { missing } = tools;
  const ended = Promise.withResolvers<ContainerExit>();
  const started = start(launch, commandLine(launch, options.image), tools, options);
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
    if (killed) return ended.resolve({ exitCode: EXIT_KILLED, signal: 9 });
    const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
    const lacked = missing.filter(({ name }) => started.called().has(name));
    if (lacked.length === 0) return ended.resolve({ exitCode });
    const message = lacked.map((tool) => tool.message).join('; ');
    launch.log(`${message}\n`);
    return ended.resolve({ exitCode: exitCode || EXIT_NOT_FOUND, message });
  });
  return {
    ended: ended.promise,
    stop: ({ graceMs }) => {
      cancelKill?.();
      started.signal('SIGTERM');
      cancelKill = options.clock.setTimeout(() => {
        killed = true;
        started.signal('SIGKILL');
        child.kill('SIGKILL');
      }, graceMs);
    },
    exec: (command, timeoutMs) => execBeside(launch, command, timeoutMs, { missing: [], spares: tools.spares }, options),
  };
}

/** What shells say of a command that is not there. */
const EXIT_NOT_FOUND = 127;

interface Tools {
  readonly missing: readonly MissingTool[];
  readonly spares: readonly SpareTool[];
}

/** What the image has and the machine lacks; what there is in its place, and what there is not. */
async function toolsFor(launch: ContainerLaunch, options: HostRuntimeOptions): Promise<Tools> {
  const lacking = await missingTools(toolsOf(options.image), searchedFor(launch, options), options.toolDirectories[0]);
  const spares = (options.spareTools ?? []).filter((tool) => lacking.some(({ name }) => name === tool.name) && isForEverybody(tool));
  return { missing: lacking.filter(({ name }) => !spares.some((tool) => tool.name === name)), spares };
}

/** A tool that the image brings along is not missing. */
function toolsOf(image: HostImage | undefined): readonly string[] {
  const brought = new Set((image?.files ?? []).map(({ target }) => target.split('/').at(-1)));
  return (image?.tools ?? DEFAULT_TOOLS).filter((name) => !brought.has(name));
}

const pathOf = (launch: ContainerLaunch, { image }: HostRuntimeOptions, toolDirectories: readonly string[]): string =>
  [...toolDirectories, launch.env['PATH'] ?? image?.env?.['PATH'] ?? SYSTEM_PATH].join(':');

/** Where tools are looked for. A container's own path may lead to its volumes, whose programs are none of ours to run. */
const searchedFor = (launch: ContainerLaunch, options: HostRuntimeOptions): readonly string[] =>
  [...options.toolDirectories, ...pathOf(launch, options, []).split(':').filter((directory) => isMachines(directory, options.hidden))];

interface Started {
  readonly child: ChildProcess;
  /** To the first process of the container; the kernel ends the others with it. */
  readonly signal: (name: 'SIGTERM' | 'SIGKILL') => void;
  /** Stand-ins that were called. */
  readonly called: () => ReadonlySet<string>;
}

function start(launch: ContainerLaunch, command: readonly string[], { missing, spares }: Tools, options: HostRuntimeOptions): Started {
  const { sandbox, image, toolDirectories, hidden, user, readOnlyRoot = false } = options;
  const layers = buildView({ mounts: launch.mounts, readOnlyMounts: launch.readOnlyMounts, readOnlyRoot, toolDirectories, spares: spareLayers(spares), hidden, image });
  const path = pathOf(launch, options, toolDirectories.map((_, index) => toolDirectory(index)));
  const { lines, others } = environmentLines({ HOME: '/root', ...image?.env, ...launch.env, PATH: missing.length + spares.length > 0 ? `${STAND_INS}:${path}` : path, HOSTNAME: launch.hostname });
  const script = setupScript({ sandbox: sandbox.type, image, missing, spares, readOnlyRoot, workingDir: launch.workingDir ?? image?.workingDir, user });
  const inside = ['/bin/sh', '-c', script, 'sh', ...others, ...command];
  const [file, ...args] = sandbox.type === 'bwrap' ? ['bwrap', ...bwrapArguments(layers, launch.hostname, inside)] : unshareInto(layers, launch.hostname, inside);
  const child: ChildProcess = spawn(file!, args, { env: BUILD_ENV, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'] });
  const environment = (child.stdio as readonly unknown[])[ENV_FD] as Writable;
  environment.on('error', () => {}); // It ended before it read that.
  environment.end(lines);

  const called = new Set<string>();
  const calls = child.stdio[MISSING_FD] as Readable;
  calls.setEncoding('utf8').on('data', (text: string) => {
    for (const { name } of missing) if (text.split('\n').includes(name)) called.add(name);
  });
  const status = child.stdio[STATUS_FD] as Readable;
  for (const stream of [calls, status]) stream.on('error', () => {});

  let pid: number | undefined;
  let waiting: 'SIGTERM' | 'SIGKILL' | undefined;
  const told = (text: string): void => {
    // Once only: what comes later may come from the command, which has no say in whom we signal.
    const found = pid === undefined ? /"child-pid":\s*(\d+)/.exec(text) : null;
    if (!found) return;
    pid = Number(found[1]);
    if (waiting) signalProcess(pid, waiting);
    status.off('data', told).resume();
  };
  if (sandbox.type === 'bwrap') status.setEncoding('utf8').on('data', told);
  else status.resume();
  return {
    child,
    called: () => called,
    signal: (name) => {
      waiting = name;
      const target = sandbox.type === 'bwrap' ? pid : childOf(child.pid);
      if (target !== undefined) signalProcess(target, name);
    },
  };
}

/** Neither bubblewrap nor `unshare` passes signals on. */
function signalProcess(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

/** The first process in the namespace is the only child of `unshare`. */
function childOf(pid: number | undefined): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return first ? Number(first) : undefined;
  } catch {
    return undefined;
  }
}

function execBeside(launch: ContainerLaunch, command: readonly string[], timeoutMs: number, tools: Tools, options: HostRuntimeOptions) {
  return new Promise<{ readonly exitCode: number; readonly output: string }>((resolve) => {
    const { child, signal } = start(launch, command, tools, options);
    let output = '';
    const take = (text: string): void => {
      if (output.length < MAX_EXEC_OUTPUT) output += text;
    };
    const cancel = options.clock.setTimeout(() => {
      signal('SIGKILL');
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stdout!.setEncoding('utf8').on('data', take);
    child.stderr!.setEncoding('utf8').on('data', take);
    child.on('error', (error) => resolve({ exitCode: 128, output: error.message }));
    child.on('close', (code) => {
      cancel();
      resolve({ exitCode: code ?? EXIT_KILLED, output });
    });
  });
}

const MAX_EXEC_OUTPUT = 10_240;
