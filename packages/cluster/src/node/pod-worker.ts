import { pods, type Pod } from '@plinth/api';
import { deepEqual, isConflict, isNotFound, keyOf } from '@plinth/apimachinery';
import { sleep } from '@plinth/controller-runtime';
import { existsSync } from 'node:fs';
import { isPodFinished } from '../objects/pod.ts';
import { msOf } from '../objects/time.ts';
import type { ContainerStopReason } from '../runtime/container-runtime.ts';
import { createContainerRuns, graceMsOf, RETRY_MS, type ContainerLog } from './container-runs.ts';
import { inputsOf } from './inputs.ts';
import { readLeftBehind, reapPod } from './left-behind.ts';
import type { NodeContext } from './node-context.ts';
import { planPod } from './plan-pod.ts';
import { podDirectory, removePodDirectory } from './pod-directory.ts';
import { createPodNotes } from './pod-notes.ts';
import { podStatus, type PodFacts } from './pod-status.ts';
import { recoverRecords } from './recover-records.ts';
import { createStatusWriter } from './status-writer.ts';
import { createPodVolumes } from './volumes/pod-volumes.ts';

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
  logOf(container: string): ContainerLog | undefined;
}

/**
 * Decides what becomes of a pod; its volumes, its containers and its status have each a part that does so. The modes: *preparing*
 * (no volumes yet), *working* (containers come and go by `planPod`), *ending* (deleted, failed as a whole, or vanished:
 * containers are stopped), *over* (nothing runs; only its logs are still of use).
 */
export function createPodWorker(first: Pod, context: NodeContext, gone: (uid: string) => void): PodWorker {
  const { clock, client, log, directories } = context;
  const uid = first.metadata.uid!;
  const hasFiles = !first.spec?.volumes?.some(({ emptyDir }) => emptyDir) || existsSync(podDirectory(directories, uid).root);
  const recovered = recoverRecords(first, clock.now(), context.backoff, hasFiles);
  const { interrupted } = recovered;
  const isRecovered = first.status?.startTime !== undefined;
  const startedAtMs = msOf(first.status?.startTime) ?? clock.now();
  const lives = new AbortController();
  let pod = first;
  // Taken again before any new pod may ask for an address.
  let podIP = first.status?.podIP && !isPodFinished(first) ? context.addresses.take(first.status.podIP) : undefined;
  let waitsForInputs = false;
  let verdict: PodFacts['verdict'];
  let ending: Promise<void> | undefined;
  let isGone = false;
  let deleting = false;
  let shortestGraceMs = Number.POSITIVE_INFINITY;
  let over = isPodFinished(first);
  let cancelWake = (): void => {};
  let hasGivenBack = false;
  /** Once: soon after it may be another pod's. The status of a pod that has ended goes on showing it. */
  const giveBackAddress = (): void => {
    if (podIP && !hasGivenBack) context.addresses.giveBack(podIP);
    hasGivenBack = true;
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
      const { records, containerIds } = runs;
      const facts: PodFacts = { records, nodeIP: context.nodeIP, startedAtMs, backoff: context.backoff, containerIds, ...(podIP ? { podIP } : {}), ...(verdict ? { verdict } : {}) };
      return { pod, status: podStatus(pod, facts, clock.now()) };
    },
  });
  const notes = createPodNotes(() => pod, context);
  const shared = { pod: () => pod, notes, signal: lives.signal };
  const runs = createContainerRuns({ ...shared, recovered, changed: status.changed, look: sync }, context);
  const volumes = createPodVolumes(
    {
      ...shared,
      podIP: () => podIP!,
      made: sync,
      failed: (isMissing) => {
        waitsForInputs = true;
        if (!isMissing) wakeAt(clock.now() + RETRY_MS);
        status.changed();
      },
    },
    context,
  );

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
    const { paths } = volumes;
    if (!paths) return volumes.prepare();

    const plan = planPod(pod.spec!, runs.records, clock.now());
    for (const name of plan.stop) void runs.stop(name, 'PodFinished', graceMsOf(pod));
    for (const container of plan.start) runs.start(container, { podIP, volumes: paths });
    wakeAt(plan.wakeAtMs === undefined || deadlineMs === undefined ? (plan.wakeAtMs ?? deadlineMs) : Math.min(plan.wakeAtMs, deadlineMs));
    status.changed();
    if (plan.finished && !runs.isBusy) settle();
  }

  function wakeAt(ms: number | undefined): void {
    cancelWake();
    if (ms === undefined || !Number.isFinite(ms)) return;
    cancelWake = clock.setTimeout(sync, Math.max(0, ms - clock.now()));
  }

  /** All containers have ended for good: the address goes to others, the logs stay. */
  function settle(): void {
    over = true;
    cancelWake();
    void volumes.close();
    giveBackAddress();
    status.changed();
  }

  function fail(reason: string, message: string): void {
    verdict = { phase: 'Failed', reason, message };
    notes.note('Warning', reason, message);
    void volumes.close();
    ending = runs.stopAll('PodFailed', graceMsOf(pod)).then(settle);
    void ending;
  }

  function end(reason: ContainerStopReason, grace: number): void {
    cancelWake();
    if (deleting) {
      if (grace < shortestGraceMs) runs.hurry(reason, grace);
      shortestGraceMs = Math.min(shortestGraceMs, grace);
      return;
    }
    deleting = true;
    shortestGraceMs = grace;
    const closed = volumes.close();
    const before = ending ?? Promise.resolve();
    ending = before.then(() => runs.stopAll(reason, grace)).then(() => closed).then(bury);
    void ending;
  }

  /** After the last container: the directory goes, then the object. */
  async function bury(): Promise<void> {
    over = true;
    try {
      if (isRecovered && interrupted.size > 0) await reap();
      giveBackAddress();
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
    const paths = volumes.paths ?? new Map(readLeftBehind(directories, uid)?.volumes);
    await reapPod(pod, [...interrupted.keys()], paths, podIP ?? context.nodeIP, context, shortestGraceMs);
  }

  if (!isRecovered) notes.note('Normal', 'Scheduled', `Successfully assigned ${first.metadata.namespace}/${first.metadata.name} to ${context.nodeName}`);

  return {
    uid,
    update: (next) => {
      const before = pod;
      pod = next;
      if (!deepEqual(imagesOf(before), imagesOf(next))) runs.retryWaiting('ImagePullBackOff');
      const labelsChanged = !deepEqual(before.metadata.labels, next.metadata.labels) || !deepEqual(before.metadata.annotations, next.metadata.annotations);
      if (labelsChanged && pod.spec?.volumes?.some((volume) => volume.downwardAPI ?? volume.projected)) volumes.refresh();
      sync();
    },
    inputsChanged: () => {
      const isAwaited = runs.retryWaiting('CreateContainerConfigError') || waitsForInputs;
      waitsForInputs = false;
      volumes.refresh();
      if (isAwaited) sync();
    },
    vanished: () => {
      isGone = true;
      lives.abort();
      notes.close();
      end('PodDeleted', VANISHED_GRACE_MS);
      void ending!.then(() => gone(uid));
    },
    shutDown: async (grace) => {
      lives.abort();
      cancelWake();
      notes.close();
      await Promise.all([volumes.close(), runs.stopAll('NodeShutdown', grace)]);
    },
    inputs: inputsOf(first),
    look: sync,
    logOf: runs.logOf,
  };
}

const imagesOf = ({ spec }: Pod): readonly (string | undefined)[] => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ image }) => image);

/** A pod that was deleted by force is gone for the API, but its servers still get to end in order. */
const VANISHED_GRACE_MS = 2000;
