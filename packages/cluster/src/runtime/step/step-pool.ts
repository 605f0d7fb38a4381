import type { Clock } from '@plinth/controller-runtime';
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EXIT_KILLED, EXIT_TERMINATED, type ContainerExit, type ContainerLaunch, type RunningContainer, type StopRequest } from '../container-runtime.ts';
import type { FromStepWorker, StepWorkerData, ToStepWorker } from './step-host.ts';

export interface StepPoolOptions {
  /** A module that exports `runStepModule` (see `RunStepModule`). */
  readonly host: URL;
  /** Modules that a fresh worker loads at once, so that their first run does not wait for it. */
  readonly preload?: readonly URL[];
  /** Workers kept ready when there is nothing to do. Default 1. */
  readonly warm?: number;
  /** Steps at once, as long as they are quick. Default: as many as there are processors, 2 to 4. */
  readonly target?: number;
  /** Workers at most: slow steps make room for others up to here. Default 32. */
  readonly max?: number;
  /** A step that runs longer does not count towards `target`. Default 1 s. */
  readonly slowMs?: number;
  /** Heap of one worker in MiB. Default 128. */
  readonly heapMb?: number;
  /** Memory of one worker outside its heap (buffers) in MiB; looked at every 100 ms while steps run. Default 128. */
  readonly buffersMb?: number;
  /** Spare workers end after this. Default 30 s. */
  readonly idleMs?: number;
  readonly clock: Clock;
}

/** Worker threads that run steps. Ends them all on disposal. */
export interface StepPool extends AsyncDisposable {
  run(module: URL, launch: ContainerLaunch): RunningContainer;
  /** For tests and metrics. */
  readonly size: { readonly workers: number; readonly idle: number; readonly queued: number };
}

interface PoolWorker {
  readonly worker: Worker;
  /** Module URL -> version that it has loaded. */
  readonly loaded: Map<string, string>;
  runs: number;
  job: Job | undefined;
  startedAtMs: number;
  /** Ended because of its buffers: the heap's limit says nothing of them. */
  isTooLarge: boolean;
}

interface Job {
  readonly module: URL;
  readonly launch: ContainerLaunch;
  readonly end: (exit: ContainerExit) => void;
  stop: StopRequest | undefined;
  over: boolean;
}

/** A worker is replaced after so many runs: modules that it has loaded are never unloaded. */
const MAX_RUNS = 500;
/** Steps are short: a small nursery keeps a worker small. */
const YOUNG_HEAP_MB = 8;
const WEIGH_EVERY_MS = 100;

export function createStepPool(options: StepPoolOptions): StepPool {
  const { host, preload = [], warm = 1, target = Math.max(2, Math.min(4, availableParallelism())), max = 32, slowMs = 1000, heapMb = 128, buffersMb = 128, idleMs = 30_000, clock } = options;
  const workers = new Set<PoolWorker>();
  const queue: Job[] = [];
  let closed = false;
  let cancelShrink: (() => void) | undefined;
  let cancelGrow: (() => void) | undefined;
  let cancelWeigh: (() => void) | undefined;

  const idle = (): PoolWorker[] => [...workers].filter((entry) => !entry.job);
  const spawn = (): PoolWorker => {
    const workerData: StepWorkerData = { host: host.href, preload: preload.map((module) => module.href) };
    const worker = new Worker(new URL('./step-worker.ts', import.meta.url), {
      workerData,
      env: {},
      stdout: true,
      stderr: true,
      stdin: false,
      name: 'plinth step',
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    const entry: PoolWorker = { worker, loaded: new Map(), runs: 0, job: undefined, startedAtMs: clock.now(), isTooLarge: false };
    let failure: Error | undefined;
    worker.on('message', (message: FromStepWorker) => heard(entry, message));
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', (code) => {
      workers.delete(entry);
      if (entry.job) finish(entry, entry.job, exitOf(code, failure, entry.isTooLarge, entry.job));
      keepWarm();
      drain();
    });
    workers.add(entry);
    return entry;
  };
  const keepWarm = (): void => {
    if (!closed && workers.size < warm) spawn();
  };
  const retire = (entry: PoolWorker): void => {
    workers.delete(entry);
    void entry.worker.terminate();
  };

  function heard(entry: PoolWorker, message: FromStepWorker): void {
    const { job } = entry;
    if (!job || job.over) return;
    if (message.type === 'log') return job.launch.log(message.text);
    if (message.retire || entry.runs >= MAX_RUNS || job.stop) {
      entry.job = undefined;
      retire(entry);
    }
    finish(entry, job, { exitCode: job.stop && message.exitCode === 1 ? EXIT_TERMINATED : message.exitCode, ...(message.message ? { message: message.message } : {}) });
    keepWarm();
    drain();
  }

  function finish(entry: PoolWorker, job: Job, exit: ContainerExit): void {
    entry.job = undefined;
    if (job.over) return;
    job.over = true;
    job.end(exit);
    shrinkLater();
  }

  function drain(): void {
    cancelGrow?.();
    cancelGrow = undefined;
    if (closed) return;
    while (queue.length > 0) {
      const busy = [...workers].filter((entry) => entry.job);
      const quick = busy.filter((entry) => clock.now() - entry.startedAtMs < slowMs);
      if (quick.length >= target || busy.length >= max) {
        // Room comes when a run ends or turns out to be slow.
        if (busy.length < max) cancelGrow = clock.setTimeout(drain, Math.max(1, slowMs - (clock.now() - Math.min(...quick.map((entry) => entry.startedAtMs)))));
        return;
      }
      const job = queue.shift()!;
      if (job.over) continue;
      const version = versionOf(job.module);
      const entry = pick(job.module.href, version) ?? spawn();
      entry.job = job;
      entry.runs += 1;
      entry.startedAtMs = clock.now();
      entry.loaded.set(job.module.href, version);
      const { env, command, args, mounts } = job.launch;
      weighLater();
      send(entry, { type: 'run', module: job.module.href, env, command, args, mounts: Object.fromEntries(mounts) });
    }
  }

  /** A free worker that has not loaded another version of the module; those that have are of no use any more. */
  function pick(module: string, version: string): PoolWorker | undefined {
    for (const entry of idle()) {
      if ((entry.loaded.get(module) ?? version) === version) return entry;
      retire(entry);
    }
    return undefined;
  }

  /** A step may hold gigabytes in buffers, and would take the whole process along. */
  function weighLater(): void {
    if (cancelWeigh || closed) return;
    cancelWeigh = clock.setTimeout(() => {
      cancelWeigh = undefined;
      const busy = [...workers].filter((entry) => entry.job);
      for (const entry of busy) void weigh(entry);
      if (busy.length > 0) weighLater();
    }, WEIGH_EVERY_MS);
  }

  async function weigh(entry: PoolWorker): Promise<void> {
    // Rejects when the worker has just ended, or has not begun.
    const statistics = await entry.worker.getHeapStatistics().catch(() => undefined);
    if (!statistics || statistics.external_memory <= buffersMb * 1024 * 1024 || !entry.job) return;
    entry.isTooLarge = true;
    await entry.worker.terminate();
  }

  function shrinkLater(): void {
    if (cancelShrink || closed) return;
    cancelShrink = clock.setTimeout(() => {
      cancelShrink = undefined;
      const spare = idle();
      for (const entry of spare.slice(0, Math.max(0, workers.size - Math.max(warm, workers.size - spare.length)))) retire(entry);
      if (workers.size > warm) shrinkLater();
    }, idleMs);
  }

  keepWarm();
  for (let count = 1; count < warm; count += 1) spawn();

  return {
    run: (module, launch) => {
      const ended = Promise.withResolvers<ContainerExit>();
      const job: Job = { module, launch, end: ended.resolve, stop: undefined, over: false };
      let cancelKill: (() => void) | undefined;
      void ended.promise.then(() => cancelKill?.());
      queue.push(job);
      drain();
      return {
        ended: ended.promise,
        stop: (request) => {
          job.stop = request;
          cancelKill?.();
          const entry = [...workers].find((each) => each.job === job);
          if (!entry) {
            if (job.over) return;
            job.over = true;
            job.end({ exitCode: EXIT_TERMINATED });
            return;
          }
          send(entry, { type: 'abort' });
          cancelKill = clock.setTimeout(() => {
            if (entry.job === job) void entry.worker.terminate();
          }, request.graceMs);
        },
      };
    },
    get size() {
      return { workers: workers.size, idle: idle().length, queued: queue.length };
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      cancelShrink?.();
      cancelGrow?.();
      cancelWeigh?.();
      const all = [...workers];
      await Promise.all(all.map((entry) => entry.worker.terminate()));
      for (const job of queue.splice(0)) {
        job.over = true;
        job.end({ exitCode: EXIT_KILLED });
      }
    },
  };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
const send = (entry: PoolWorker, message: ToStepWorker): void => entry.worker.postMessage(message);

/** A module that was edited is another module: it must not come out of a worker's memory. */
function versionOf(module: URL): string {
  if (module.protocol !== 'file:') return '';
  const stat = statSync(fileURLToPath(module), { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}` : 'missing';
}

function exitOf(code: number, failure: Error | undefined, isTooLarge: boolean, job: Job): ContainerExit {
  if (isTooLarge || (failure as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    job.launch.log('the step needed more memory than it may have');
    return { exitCode: EXIT_KILLED, signal: 9, reason: 'OOMKilled' };
  }
  if (failure) {
    job.launch.log(failure.stack ?? failure.message);
    return { exitCode: 1, message: failure.message };
  }
  if (code === 0 && !job.stop) {
    // What it would have put out is lost: to call that a success would take away what an earlier run made.
    const message = 'the step called process.exit before it had come to its end; nothing that it put out was written';
    job.launch.log(message);
    return { exitCode: 1, message };
  }
  // Ended by `terminate`, which reports 1, or by `process.exit`.
  return job.stop ? { exitCode: EXIT_KILLED, signal: 9 } : { exitCode: code };
}
