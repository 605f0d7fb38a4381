import { pods, type Pod } from '@plinth/api';
import { deepEqual, isConflict, isNotFound, keyOf } from '@plinth/apimachinery';
import { sleep } from '@plinth/controller-runtime';
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { isPodFinished } from '../objects/pod.ts';
import { msOf } from '../objects/time.ts';
import type { Container } from '../objects/types.ts';
import type { ContainerExit, ContainerStopReason, RunningContainer } from '../runtime/container-runtime.ts';
import { freshRecord, restartDelayMs, type ContainerEnd, type ContainerRecord } from './container-record.ts';
import { ContainerConfigError, ImageError, VolumeError } from './errors.ts';
import { createLogFile, logPlace, rotatedFile, type LogFile, type LogPlace } from './logs/log-file.ts';
import { createLogWriter, type LogWriter } from './logs/log-writer.ts';
import type { NodeContext } from './node-context.ts';
import { inputsOf } from './inputs.ts';
import { leaveBehind, readLeftBehind, reapPod } from './left-behind.ts';
import { isSidecar, planPod, willRestart } from './plan-pod.ts';
import { podDirectory, removePodDirectory } from './pod-directory.ts';
import { podStatus, type PodFacts } from './pod-status.ts';
import { runPreStop } from './pre-stop.ts';
import { startProbing } from './probes/prober.ts';
import { recoverRecords } from './recover-records.ts';
import { startContainer } from './start-container.ts';
import { createStatusWriter } from './status-writer.ts';
import { hasToken, requestToken, tokenRefreshMs } from './token-source.ts';
import { isLive, prepareVolumes } from './volumes/prepare-volumes.ts';

/** Looks after one pod from its binding to its end. */
export interface PodWorker {
  readonly uid: string;
  /** The pod as the API has it now. */
  update(pod: Pod): void;
  /** Something that the pod may have waited for (a Secret, a ConfigMap, a claim) has changed. */
  inputsChanged(): void;
  /** The pod is gone from the API: ends what is left of it. */
  vanished(): void;
  /** Ends the containers without a word to the API; the next agent takes them up again. */
  shutDown(graceMs: number): Promise<void>;
  /** Objects that it reads: `configmap/name`, `secret/name`, `claim/name`. */
  readonly inputs: ReadonlySet<string>;
  /** One look at the pod: what is to be done now, is begun. */
  look(): void;
  /** For logs: the run of a container that is wanted, and its writer while it runs. */
  logOf(container: string): { readonly place: (run: number) => LogPlace; readonly run: number; readonly writer: LogWriter | undefined; readonly record: ContainerRecord } | undefined;
}

interface Run {
  readonly running: RunningContainer;
  readonly writer: LogWriter;
  readonly endProbing: () => void;
  stopping: boolean;
}

/**
 * The modes of a pod: *preparing* (no volumes yet), *working* (containers come and go by `planPod`), *ending* (deleted,
 * failed as a whole, or vanished: containers are stopped), *over* (nothing runs; only its logs are still of use).
 */
export function createPodWorker(first: Pod, context: NodeContext, gone: (uid: string) => void): PodWorker {
  const { clock, client, events, log, directories } = context;
  const uid = first.metadata.uid!;
  const directory = podDirectory(directories, uid);
  const hasFiles = !first.spec?.volumes?.some(({ emptyDir }) => emptyDir) || existsSync(directory.root);
  const recovered = recoverRecords(first, clock.now(), context.backoff, hasFiles);
  const { records, containerIds, interrupted } = recovered;
  const isRecovered = first.status?.startTime !== undefined;
  const startedAtMs = msOf(first.status?.startTime) ?? clock.now();
  const runsToEnd = first.spec?.restartPolicy !== 'Always';
  const placeOf = (container: string, run: number): LogPlace => logPlace(directory.root, runsToEnd, container, run);
  let sharedLog: LogFile | undefined;
  const runs = new Map<string, Run>();
  const starting = new Map<string, Promise<void>>();
  /** What a container said of itself, and what its probes say. */
  const saysReady = new Map<string, boolean>();
  const probesReady = new Map<string, boolean>();
  const resumedEarly = new Set<string>();
  const lives = new AbortController();
  let pod = first;
  // Taken again before any new pod may ask for an address.
  let podIP = first.status?.podIP && !isPodFinished(first) ? context.addresses.take(first.status.podIP) : undefined;
  let volumes: ReadonlyMap<string, string> | undefined;
  let preparing = false;
  let refreshing = false;
  let waitsForInputs = false;
  let verdict: PodFacts['verdict'];
  let ending: Promise<void> | undefined;
  let isGone = false;
  let deleting = false;
  let shortestGraceMs = Number.POSITIVE_INFINITY;
  let over = isPodFinished(first);
  let cancelWake = (): void => {};
  let cancelRefresh = (): void => {};
  let cancelStarts = (): void => {};

  const isProgram = (container: Container): boolean => context.catalogue(container.image ?? '')?.runtime === 'program';
  const all = (): readonly Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const note = (type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void => {
    const part = container && ((pod.spec?.initContainers ?? []).includes(container) ? 'initContainers' : 'containers');
    events.record(pods, pod, { type, reason, message, ...(container ? { fieldPath: `spec.${part}{${container.name}}` } : {}) });
  };
  /** A pipeline has many short containers, and each event is an object in the store: those of a moment share one. */
  const justStarted: string[] = [];
  const noteStart = (name: string): void => {
    if (justStarted.push(name) > 1) return;
    cancelStarts = clock.setTimeout(() => note('Normal', 'Started', `Container${justStarted.length > 1 ? 's' : ''} started: ${justStarted.splice(0).join(', ')}`), START_EVENT_MS);
  };
  const setRecord = (name: string, change: Partial<ContainerRecord>): void => {
    records.set(name, { ...records.get(name)!, ...change });
    status.changed();
  };
  const status = createStatusWriter({
    client,
    log,
    signal: lives.signal,
    clock,
    sleep: (ms) => sleep(clock, ms, lives.signal),
    wanted: () => {
      if (isGone || (over && isPodFinished(pod))) return undefined;
      // About to be removed: nobody is left to read it, unless a finalizer holds the pod.
      if (deleting && over && !pod.metadata.finalizers?.length) return undefined;
      const facts: PodFacts = { records, nodeIP: context.nodeIP, startedAtMs, backoff: context.backoff, containerIds, ...(podIP ? { podIP } : {}), ...(verdict ? { verdict } : {}) };
      return { pod, status: podStatus(pod, facts, clock.now()) };
    },
  });

  /** One look at the pod. Never waits; what takes time calls it again when it is done. */
  function sync(): void {
    cancelWake();
    if (isGone || lives.signal.aborted) return;
    if (pod.metadata.deletionTimestamp) return end('PodDeleted', (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000);
    if (over || ending) return;
    const deadlineMs = pod.spec?.activeDeadlineSeconds === undefined ? undefined : startedAtMs + pod.spec.activeDeadlineSeconds * 1000;
    if (deadlineMs !== undefined && deadlineMs <= clock.now()) {
      return fail('DeadlineExceeded', 'Pod was active on the node longer than the specified deadline');
    }
    wakeAt(deadlineMs);
    podIP ??= context.addresses.take(pod.status?.podIP);
    if (!podIP) return fail('OutOfAddresses', `node ${context.nodeName} has no free pod address left`);
    if (!volumes) return prepare();

    const plan = planPod(pod.spec!, records, clock.now());
    for (const name of plan.stop) void stopRun(name, 'PodFinished', graceMs());
    for (const container of plan.start) if (!starting.has(container.name) && !runs.has(container.name)) begin(container);
    wakeAt(plan.wakeAtMs === undefined || deadlineMs === undefined ? (plan.wakeAtMs ?? deadlineMs) : Math.min(plan.wakeAtMs, deadlineMs));
    status.changed();
    if (plan.finished && starting.size === 0 && runs.size === 0) settle();
  }

  function wakeAt(ms: number | undefined): void {
    cancelWake();
    if (ms === undefined || !Number.isFinite(ms)) return;
    cancelWake = clock.setTimeout(sync, Math.max(0, ms - clock.now()));
  }

  const graceMs = (): number => (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;

  /** All containers have ended for good: the address goes to others, the logs stay. */
  function settle(): void {
    over = true;
    cancelWake();
    cancelRefresh();
    if (podIP) context.addresses.giveBack(podIP);
    status.changed();
  }

  function fail(reason: string, message: string): void {
    verdict = { phase: 'Failed', reason, message };
    note('Warning', reason, message);
    ending = stopAll('PodFailed', graceMs()).then(settle);
    void ending;
  }

  function prepare(): void {
    if (preparing) return;
    preparing = true;
    void makeVolumes()
      .then((made) => {
        volumes = made;
        scheduleRefresh();
      })
      .catch((error: unknown) => {
        if (lives.signal.aborted) return;
        waitsForInputs = true;
        note('Warning', 'FailedMount', error instanceof Error ? error.message : String(error));
        if (!(error instanceof VolumeError)) {
          log.warn({ kind: 'Pod', ...keyOf(pod), err: error }, 'preparing the volumes of a pod failed, trying again');
          wakeAt(clock.now() + RETRY_MS);
        }
        status.changed();
        return true;
      })
      .then((failed) => {
        preparing = false;
        if (!failed) sync();
      });
  }

  const makeVolumes = (): Promise<ReadonlyMap<string, string>> =>
    prepareVolumes(pod, {
      client,
      directories,
      place: { podIP: podIP!, nodeIP: context.nodeIP, nodeName: context.nodeName },
      allowedHostPaths: context.allowedHostPaths,
      isNeeded: (volume) => !hasToken(volume) || all().some((container) => !isProgram(container) && container.volumeMounts?.some((mount) => mount.name === volume.name)),
      token: (request) => requestToken(client, pod, request),
    });

  function scheduleRefresh(): void {
    const afterMs = tokenRefreshMs(pod);
    cancelRefresh();
    if (afterMs !== undefined) cancelRefresh = clock.setTimeout(refresh, afterMs);
  }

  /** Carries new contents over to the volumes of a pod that runs. */
  function refresh(): void {
    if (refreshing || over || ending) return;
    refreshing = true;
    void makeVolumes()
      .catch((error: unknown) => note('Warning', 'FailedMount', error instanceof Error ? error.message : String(error)))
      .finally(() => {
        refreshing = false;
        if (!over && !lives.signal.aborted) scheduleRefresh();
      });
  }

  function begin(container: Container): void {
    const started = start(container).finally(() => starting.delete(container.name)).then(sync);
    starting.set(container.name, started);
  }

  async function start(container: Container): Promise<void> {
    const { name } = container;
    const record = records.get(name)!;
    const isRestart = record.phase.type === 'terminated';
    const run = record.restarts + (isRestart ? 1 : 0);
    const { path, tag } = placeOf(name, run);
    const writer = createLogWriter({ file: runsToEnd ? (sharedLog ??= createLogFile(path)) : createLogFile(path), tag, now: () => clock.now() });
    try {
      leaveBehind(directories, pod, volumes!, context);
      const running = await startContainer(
        {
          pod,
          container,
          podIP: podIP!,
          volumes: volumes!,
          log: (text) => writer.write(text.endsWith('\n') ? text : `${text}\n`),
          setReady: (ready) => {
            saysReady.set(name, ready);
            updateReady(name);
          },
          resumed: () => resume(name),
        },
        context,
      );
      began(container, running, writer, run);
    } catch (error) {
      writer.close();
      if (!lives.signal.aborted) couldNotStart(container, error);
    }
  }

  function began(container: Container, running: RunningContainer, writer: LogWriter, run: number): void {
    const { name } = container;
    const record = records.get(name)!;
    const startedAt = clock.now();
    if (run >= 2 && !runsToEnd) for (const old of [(path: string) => path, rotatedFile]) rmSync(old(placeOf(name, run - 2).path), { force: true });
    containerIds.set(name, `plinth://${randomUUID()}`);
    probesReady.delete(name);
    const { retryAtMs: _, restartAtMs: _restart, ...rest } = record;
    records.set(name, {
      ...rest,
      phase: { type: 'running', startedAtMs: startedAt },
      restarts: run,
      ...(record.phase.type === 'terminated' ? { last: withoutType(record.phase) } : { failures: 0 }),
      started: false,
      ready: false,
    });
    if (pod.spec?.restartPolicy === 'Always') {
      note('Normal', 'Pulled', `Container image "${container.image}" already present on machine`, container);
      note('Normal', 'Created', `Container created: ${name}`, container);
      note('Normal', 'Started', `Container started: ${name}`, container);
    } else noteStart(name);
    const endProbing = startProbing({
      container,
      running,
      podIP: podIP!,
      clock,
      failed: (kind, message) => note('Warning', 'Unhealthy', `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${message}`, container),
      started: () => {
        setRecord(name, { started: true });
        queueMicrotask(sync);
      },
      ready: (ready) => {
        probesReady.set(name, ready);
        updateReady(name);
      },
      unhealthy: (kind) => {
        note('Normal', 'Killing', `Container ${name} failed ${kind} probe, will be restarted`, container);
        void stopRun(name, 'ProbeFailed', graceMs());
      },
    });
    if (resumedEarly.delete(name)) resume(name);
    const entry: Run = { running, writer, endProbing, stopping: false };
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
    status.changed();
  }

  function ended(container: Container, run: Run, exit: ContainerExit, startedAt: number): void {
    const { name } = container;
    run.endProbing();
    runs.delete(name);
    saysReady.delete(name);
    run.writer.close();
    const record = records.get(name)!;
    const now = clock.now();
    // Stack traces are for the log; what ends up in conditions is for people.
    const message = exit.exitCode === 0 ? exit.message : run.writer.tail.replaceAll(/\n +at .+/g, '').trimEnd() || exit.message;
    const end: ContainerEnd = {
      exitCode: exit.exitCode,
      ...(exit.signal ? { signal: exit.signal } : {}),
      reason: exit.reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'),
      ...(message ? { message } : {}),
      startedAtMs: record.phase.type === 'running' ? record.phase.startedAtMs : startedAt,
      finishedAtMs: now,
    };
    const failures = now - startedAt >= context.backoff.resetMs ? 1 : record.failures + 1;
    const delayMs = restartDelayMs(failures, context.backoff);
    setRecord(name, { phase: { type: 'terminated', ...end }, failures, restartAtMs: now + delayMs, ready: false, started: false });
    if (!ending && delayMs > 0 && willRestart(pod.spec!, container, records.get(name)!)) {
      note('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${pod.metadata.name}_${pod.metadata.namespace}(${uid})`, container);
    }
    sync();
  }

  function couldNotStart(container: Container, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const wait = (reason: string, text: string, retryAtMs: number): void => {
      const record = records.get(container.name)!;
      setRecord(container.name, { phase: { type: 'waiting', reason, message: text }, retryAtMs, ...(record.phase.type === 'terminated' ? { last: withoutType(record.phase), restarts: record.restarts + 1 } : {}) });
    };
    if (error instanceof ImageError) {
      note('Warning', 'Failed', `Failed to pull image "${container.image}": ${message}`, container);
      note('Warning', 'Failed', 'Error: ImagePullBackOff', container);
      // What an installation knows may grow without an event; the pause grows as for a registry.
      const { failures } = records.get(container.name)!;
      wait('ImagePullBackOff', `Back-off pulling image "${container.image}": ${message}`, clock.now() + restartDelayMs(failures + 2, context.backoff));
      setRecord(container.name, { failures: failures + 1 });
    } else if (error instanceof ContainerConfigError) {
      waitsForInputs = true;
      note('Warning', 'Failed', `Error: ${message}`, container);
      wait('CreateContainerConfigError', message, Number.POSITIVE_INFINITY);
    } else {
      log.warn({ kind: 'Pod', ...keyOf(pod), container: container.name, err: error }, 'starting a container failed, trying again');
      note('Warning', 'Failed', `Error: ${message}`, container);
      wait('CreateContainerError', message, clock.now() + RETRY_MS);
    }
  }

  async function stopRun(name: string, reason: ContainerStopReason, grace: number): Promise<void> {
    const run = runs.get(name);
    if (!run) return;
    const container = all().find((each) => each.name === name)!;
    if (!run.stopping) {
      run.stopping = true;
      run.endProbing();
      if (reason === 'PodDeleted' || reason === 'PodFailed') note('Normal', 'Killing', `Stopping container ${name}`, container);
      const spentMs = reason === 'NodeShutdown' ? 0 : await runPreStop(container, run.running, { podIP: podIP!, graceMs: grace, clock, failed: (message) => note('Warning', 'FailedPreStopHook', message, container) });
      run.running.stop({ graceMs: Math.max(MIN_GRACE_MS, grace - spentMs), reason });
    } else run.running.stop({ graceMs: grace, reason });
    await run.running.ended;
  }

  /** Sidecars last. */
  async function stopAll(reason: ContainerStopReason, grace: number): Promise<void> {
    const from = clock.now();
    await Promise.allSettled(starting.values());
    const sidecars = new Set(all().filter(isSidecar).map((container) => container.name));
    await Promise.all([...runs.keys()].filter((name) => !sidecars.has(name)).map((name) => stopRun(name, reason, grace)));
    await Promise.all([...runs.keys()].map((name) => stopRun(name, reason, Math.max(MIN_GRACE_MS, grace - (clock.now() - from)))));
  }

  function end(reason: ContainerStopReason, grace: number): void {
    cancelWake();
    cancelRefresh();
    if (deleting) {
      // Asked once more, with less patience.
      if (grace < shortestGraceMs) for (const name of runs.keys()) void stopRun(name, reason, grace);
      shortestGraceMs = Math.min(shortestGraceMs, grace);
      return;
    }
    deleting = true;
    shortestGraceMs = grace;
    const before = ending ?? Promise.resolve();
    ending = before.then(() => stopAll(reason, grace)).then(bury);
    void ending;
  }

  /** After the last container: the directory goes, then the object. */
  async function bury(): Promise<void> {
    over = true;
    try {
      if (isRecovered && interrupted.size > 0) await reap();
      if (podIP) context.addresses.giveBack(podIP);
      if ((pod.metadata.finalizers ?? []).length > 0 && !isGone) {
        verdict ??= isPodFinished(pod) ? undefined : { phase: 'Failed', reason: 'Deleted', message: 'The pod was deleted before its containers had ended.' };
        status.changed();
        await status.flush();
      }
      await removePodDirectory(directories, uid);
    } catch (error) {
      log.warn({ kind: 'Pod', ...keyOf(pod), err: error }, 'cleaning up after a pod failed');
    }
    for (let retryMs = 50; !lives.signal.aborted; retryMs = Math.min(retryMs * 2, 10_000)) {
      try {
        await client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } });
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        log.warn({ kind: 'Pod', ...keyOf(pod), err: error, retryInMs: retryMs }, 'deleting a pod that has ended failed, trying again');
        await sleep(clock, retryMs, lives.signal);
      }
    }
  }

  /** The pod was deleted while no agent ran: its programs end what they left running. */
  async function reap(): Promise<void> {
    podIP ??= context.addresses.take(pod.status?.podIP);
    // As they were noted: a claim that is being deleted, too, cannot be asked for any more.
    volumes ??= new Map(readLeftBehind(directories, uid)?.volumes);
    await reapPod(pod, [...interrupted.keys()], volumes, podIP ?? context.nodeIP, context, shortestGraceMs);
  }

  if (!isRecovered) note('Normal', 'Scheduled', `Successfully assigned ${first.metadata.namespace}/${first.metadata.name} to ${context.nodeName}`);

  return {
    uid,
    update: (next) => {
      const imageChanged = all().some((container) => {
        const now = [...(next.spec?.initContainers ?? []), ...(next.spec?.containers ?? [])].find((each) => each.name === container.name);
        return now && now.image !== container.image;
      });
      const labelsChanged = !deepEqual(pod.metadata.labels, next.metadata.labels) || !deepEqual(pod.metadata.annotations, next.metadata.annotations);
      pod = next;
      if (imageChanged) retryWaiting('ImagePullBackOff');
      if (labelsChanged && volumes && pod.spec?.volumes?.some((volume) => volume.downwardAPI ?? volume.projected)) refresh();
      sync();
    },
    inputsChanged: () => {
      if (waitsForInputs) {
        waitsForInputs = false;
        retryWaiting('CreateContainerConfigError');
        sync();
      } else if (volumes && pod.spec?.volumes?.some(isLive)) refresh();
    },
    vanished: () => {
      isGone = true;
      lives.abort();
      cancelStarts();
      end('PodDeleted', VANISHED_GRACE_MS);
      void ending!.then(() => gone(uid));
    },
    shutDown: async (grace) => {
      lives.abort();
      cancelWake();
      cancelRefresh();
      cancelStarts();
      await stopAll('NodeShutdown', grace);
    },
    inputs: inputsOf(first),
    look: sync,
    logOf: (name) => {
      const record = records.get(name);
      return record && { place: (run) => placeOf(name, run), run: record.restarts, writer: runs.get(name)?.writer, record };
    },
  };

  function retryWaiting(reason: string): void {
    for (const [name, record] of records) {
      if (record.phase.type === 'waiting' && record.phase.reason === reason) {
        const { retryAtMs: _, ...rest } = record;
        records.set(name, { ...rest, phase: freshRecord(name).phase, failures: 0 });
      }
    }
  }
}

/** How long a start waits for others of its pod before it is told, in ms. */
const START_EVENT_MS = 250;
/** For failures of this machine or of the API server: nothing tells when they are over. */
const RETRY_MS = 2000;
const MIN_GRACE_MS = 100;
/** A pod that was deleted by force is gone for the API, but its servers still get to end in order. */
const VANISHED_GRACE_MS = 2000;

function withoutType(phase: { readonly type: 'terminated' } & ContainerEnd): ContainerEnd {
  const { type: _, ...end } = phase;
  return end;
}
