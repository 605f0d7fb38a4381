import type { Pod } from '@plinth/api';
import { keyOf } from '@plinth/apimachinery';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Container } from '../objects/types.ts';
import type { ContainerExit, ContainerStopReason, RunningContainer } from '../runtime/container-runtime.ts';
import { freshRecord, restartDelayMs, type ContainerRecord } from './container-record.ts';
import { ContainerConfigError, ImageError } from './errors.ts';
import { leaveBehind } from './left-behind.ts';
import { createLogFile, logPlace, rotatedFile, type LogFile, type LogPlace } from './logs/log-file.ts';
import { createLogWriter, type LogWriter } from './logs/log-writer.ts';
import type { NodeContext } from './node-context.ts';
import { isSidecar, willRestart } from './plan-pod.ts';
import { podDirectory } from './pod-directory.ts';
import type { PodNotes } from './pod-notes.ts';
import { runPreStop } from './pre-stop.ts';
import { startProbing } from './probes/prober.ts';
import { recordEnd, recordStart, recordWait } from './record-changes.ts';
import type { Recovered } from './recover-records.ts';
import { startContainer } from './start-container.ts';

export interface ContainerRunsOptions {
  readonly pod: () => Pod;
  readonly recovered: Recovered;
  readonly notes: PodNotes;
  readonly signal: AbortSignal;
  /** Something is to be told in the pod's status. */
  readonly changed: () => void;
  /** A container has come or gone: there may be something to do. */
  readonly look: () => void;
}

/** What containers are started with. */
export interface PodRunPlace {
  readonly podIP: string;
  readonly volumes: ReadonlyMap<string, string>;
}

/** Starts and stops the containers of one pod as it is told, and keeps the record of each. Decides nothing. */
export interface ContainerRuns {
  readonly records: ReadonlyMap<string, ContainerRecord>;
  readonly containerIds: ReadonlyMap<string, string>;
  /** Something runs, or is about to. */
  readonly isBusy: boolean;
  /** Does nothing for a container that runs already. */
  start(container: Container, place: PodRunPlace): void;
  /** Resolves when it has ended; a second request may only shorten the grace period. */
  stop(name: string, reason: ContainerStopReason, graceMs: number): Promise<void>;
  /** Sidecars last. */
  stopAll(reason: ContainerStopReason, graceMs: number): Promise<void>;
  /** Asks those that are being stopped once more, with less patience. */
  hurry(reason: ContainerStopReason, graceMs: number): void;
  /** Lets containers that wait for this reason try at once. Says whether there were any. */
  retryWaiting(reason: string): boolean;
  /** For logs: the run of a container that is wanted, and its writer while it runs. */
  logOf(container: string): ContainerLog | undefined;
}

export interface ContainerLog {
  readonly place: (run: number) => LogPlace;
  readonly run: number;
  readonly writer: LogWriter | undefined;
  readonly record: ContainerRecord;
}

interface Run {
  readonly running: RunningContainer;
  readonly place: PodRunPlace;
  readonly writer: LogWriter;
  readonly endProbing: () => void;
  /** When it is ended by force; undefined while nobody asked it to end. */
  endsByMs: number | undefined;
}

export function createContainerRuns({ pod, recovered, notes, signal, changed, look }: ContainerRunsOptions, context: NodeContext): ContainerRuns {
  const { clock, directories, log } = context;
  const { note } = notes;
  const { records, containerIds, interrupted } = recovered;
  const uid = pod().metadata.uid!;
  const { root } = podDirectory(directories, uid);
  const runsToEnd = pod().spec?.restartPolicy !== 'Always';
  const runs = new Map<string, Run>();
  const starting = new Map<string, Promise<void>>();
  /** What a container said of itself, and what its probes say. */
  const saysReady = new Map<string, boolean>();
  const probesReady = new Map<string, boolean>();
  const resumedEarly = new Set<string>();
  /** Of the containers that are being started, those for which something has changed since that began. */
  const changedMeanwhile = new Set<string>();
  let sharedLog: LogFile | undefined;
  /** Aborts when all are to end, and none is to start any more. */
  const stopping = new AbortController();

  const placeOf = (container: string, run: number): LogPlace => logPlace(root, runsToEnd, container, run);
  const all = (): readonly Container[] => [...(pod().spec?.initContainers ?? []), ...(pod().spec?.containers ?? [])];
  const graceMs = (): number => graceMsOf(pod());
  const setRecord = (name: string, change: Partial<ContainerRecord>): void => {
    records.set(name, { ...records.get(name)!, ...change });
    changed();
  };

  async function start(container: Container, place: PodRunPlace): Promise<void> {
    const { name } = container;
    const record = records.get(name)!;
    const isRestart = record.phase.type === 'terminated';
    const run = record.restarts + (isRestart ? 1 : 0);
    const { path, tag } = placeOf(name, run);
    const writer = createLogWriter({ file: runsToEnd ? (sharedLog ??= createLogFile(path)) : createLogFile(path), tag, now: () => clock.now() });
    try {
      leaveBehind(directories, pod(), place.volumes, context);
      const running = await startContainer(
        {
          ...place,
          pod: pod(),
          container,
          log: (text) => writer.write(text.endsWith('\n') ? text : `${text}\n`),
          setReady: (ready) => {
            saysReady.set(name, ready);
            updateReady(name);
          },
          resumed: () => resume(name),
          signal: stopping.signal,
        },
        context,
      );
      began(container, place, running, writer, run);
    } catch (error) {
      writer.close();
      if (!signal.aborted && !stopping.signal.aborted) couldNotStart(container, error);
    }
  }

  function began(container: Container, place: PodRunPlace, running: RunningContainer, writer: LogWriter, run: number): void {
    const { name } = container;
    const startedAt = clock.now();
    if (run >= 2 && !runsToEnd) for (const old of [(path: string) => path, rotatedFile]) rmSync(old(placeOf(name, run - 2).path), { force: true });
    containerIds.set(name, `plinth://${randomUUID()}`);
    probesReady.delete(name);
    records.set(name, recordStart(records.get(name)!, run, startedAt));
    if (!runsToEnd) {
      note('Normal', 'Pulled', `Container image "${container.image}" already present on machine`, container);
      note('Normal', 'Created', `Container created: ${name}`, container);
      note('Normal', 'Started', `Container started: ${name}`, container);
    } else notes.noteStart(name);
    const endProbing = startProbing({
      container,
      running,
      podIP: place.podIP,
      clock,
      failed: (kind, message) => note('Warning', 'Unhealthy', `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${message}`, container),
      started: () => {
        setRecord(name, { started: true });
        queueMicrotask(look);
      },
      ready: (ready) => {
        probesReady.set(name, ready);
        updateReady(name);
      },
      unhealthy: (kind) => {
        note('Normal', 'Killing', `Container ${name} failed ${kind} probe, will be restarted`, container);
        void stop(name, 'ProbeFailed', graceMs());
      },
    });
    if (resumedEarly.delete(name)) resume(name);
    const entry: Run = { running, place, writer, endProbing, endsByMs: undefined };
    runs.set(name, entry);
    void running.ended.then((exit) => ended(container, entry, exit, startedAt));
  }

  function updateReady(name: string): void {
    const record = records.get(name);
    if (record?.phase.type !== 'running') return;
    const ready = (saysReady.get(name) ?? true) && (probesReady.get(name) ?? false);
    if (ready !== record.ready) setRecord(name, { ready });
  }

  /** The process behind the container lived on: nothing was restarted. */
  function resume(name: string): void {
    const before = interrupted.get(name);
    const record = records.get(name)!;
    if (!before || before.phase.type !== 'running') return;
    // A quick program says so before its container counts as running.
    if (record.phase.type !== 'running') return void resumedEarly.add(name);
    const { last: _, ...rest } = record;
    records.set(name, { ...rest, phase: before.phase, restarts: before.restarts, ...(before.last ? { last: before.last } : {}) });
    changed();
  }

  function ended(container: Container, run: Run, exit: ContainerExit, startedAt: number): void {
    const { name } = container;
    run.endProbing();
    runs.delete(name);
    saysReady.delete(name);
    run.writer.close();
    const now = clock.now();
    const record = recordEnd(records.get(name)!, exit, run.writer.tail, startedAt, now, context.backoff);
    setRecord(name, record);
    if (!stopping.signal.aborted && record.restartAtMs! > now && willRestart(pod().spec!, container, record)) {
      note('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${pod().metadata.name}_${pod().metadata.namespace}(${uid})`, container);
    }
    look();
  }

  function couldNotStart(container: Container, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const { name } = container;
    const record = records.get(name)!;
    const wait = (reason: string, text: string, retryAtMs: number): void => setRecord(name, recordWait(record, { reason, message: text, retryAtMs }));
    const isStale = changedMeanwhile.delete(name);
    if (error instanceof ImageError) {
      note('Warning', 'Failed', `Failed to pull image "${container.image}": ${message}`, container);
      note('Warning', 'Failed', 'Error: ImagePullBackOff', container);
      // What an installation knows may grow without an event; the pause grows as for a registry.
      wait('ImagePullBackOff', `Back-off pulling image "${container.image}": ${message}`, clock.now() + restartDelayMs(record.failures + 2, context.backoff));
      setRecord(name, { failures: record.failures + 1 });
    } else if (error instanceof ContainerConfigError) {
      note('Warning', 'Failed', `Error: ${message}`, container);
      wait('CreateContainerConfigError', message, isStale ? clock.now() : Number.POSITIVE_INFINITY);
    } else {
      log.warn({ kind: 'Pod', ...keyOf(pod()), container: name, err: error }, 'starting a container failed, trying again');
      note('Warning', 'Failed', `Error: ${message}`, container);
      wait('CreateContainerError', message, clock.now() + RETRY_MS);
    }
  }

  async function stop(name: string, reason: ContainerStopReason, grace: number): Promise<void> {
    const run = runs.get(name);
    if (!run) return;
    const container = all().find((each) => each.name === name)!;
    const endsByMs = clock.now() + grace;
    if (run.endsByMs === undefined) {
      run.endsByMs = endsByMs;
      run.endProbing();
      if (reason === 'PodDeleted' || reason === 'PodFailed') note('Normal', 'Killing', `Stopping container ${name}`, container);
      const spentMs = reason === 'NodeShutdown' ? 0 : await runPreStop(container, run.running, { podIP: run.place.podIP, graceMs: grace, clock, failed: (message) => note('Warning', 'FailedPreStopHook', message, container) });
      // It may have ended meanwhile, and its process id be another's; or a second request have left it less time.
      if (runs.get(name) === run && run.endsByMs === endsByMs) run.running.stop({ graceMs: Math.max(MIN_GRACE_MS, grace - spentMs), reason });
    } else if (endsByMs < run.endsByMs) {
      run.endsByMs = endsByMs;
      run.running.stop({ graceMs: grace, reason });
    }
    await run.running.ended;
  }

  /** Sidecars last. */
  async function stopAll(reason: ContainerStopReason, grace: number): Promise<void> {
    stopping.abort();
    const from = clock.now();
    await Promise.allSettled(starting.values());
    const sidecars = new Set(all().filter(isSidecar).map((container) => container.name));
    await Promise.all([...runs.keys()].filter((name) => !sidecars.has(name)).map((name) => stop(name, reason, grace)));
    await Promise.all([...runs.keys()].map((name) => stop(name, reason, Math.max(MIN_GRACE_MS, grace - (clock.now() - from)))));
  }

  function retryWaiting(reason: string): boolean {
    let found = false;
    for (const name of starting.keys()) changedMeanwhile.add(name);
    for (const [name, record] of records) {
      if (record.phase.type === 'waiting' && record.phase.reason === reason) {
        const { retryAtMs: _, ...rest } = record;
        records.set(name, { ...rest, phase: freshRecord(name).phase, failures: 0 });
        found = true;
      }
    }
    return found;
  }

  return {
    records,
    containerIds,
    get isBusy() {
      return starting.size > 0 || runs.size > 0;
    },
    start: (container, place) => {
      const { name } = container;
      if (starting.has(name) || runs.has(name)) return;
      changedMeanwhile.delete(name);
      starting.set(name, start(container, place).finally(() => starting.delete(name)).then(look));
    },
    stop,
    stopAll,
    hurry: (reason, grace) => {
      for (const name of runs.keys()) void stop(name, reason, grace);
    },
    retryWaiting,
    logOf: (name) => {
      const record = records.get(name);
      return record && { place: (run) => placeOf(name, run), run: record.restarts, writer: runs.get(name)?.writer, record };
    },
  };
}

export const graceMsOf = (pod: Pod): number => (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;

/** For failures of this machine or of the API server: nothing tells when they are over. */
export const RETRY_MS = 2000;
const MIN_GRACE_MS = 100;
