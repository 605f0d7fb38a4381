import { pods, type Pod } from '@plinth/api';
import { deepEqual, isConflict, isNotFound } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { Clock, Logger } from '@plinth/controller-runtime';
import type { PodStatus } from '../objects/types.ts';

export interface StatusWriterOptions {
  readonly client: Client;
  readonly log: Logger;
  /** The pod as it is known now, and the status that it should have. Undefined: nothing to write any more. */
  readonly wanted: () => { readonly pod: Pod; readonly status: PodStatus } | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Brings the status of one pod to the API server: one write at a time, always of the newest state, so that what changes
 * several times during a write is written once. What can wait ({@link patienceMs}) waits for what comes after it.
 */
export interface StatusWriter {
  /** Something may have changed. */
  changed(): void;
  /** Resolves when what is known now has been written. */
  flush(): Promise<void>;
}

export function createStatusWriter({ client, log, wanted, signal, clock, sleep }: StatusWriterOptions): StatusWriter {
  let dirty = false;
  let writing: Promise<void> | undefined;
  /** Since when there is something that is not written. */
  let waitsSince: number | undefined;
  let cancelWait = (): void => {};
  let isHurried = false;

  const write = async (): Promise<void> => {
    // What happens within this turn of the event loop belongs together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let retryMs = 50;
    while (dirty && !signal.aborted) {
      dirty = false;
      const next = wanted();
      if (!next || deepEqual(next.pod.status, next.status)) {
        cancelWait();
        waitsSince = undefined;
        continue;
      }
      const waitMs = (waitsSince ??= clock.now()) + (isHurried ? 0 : patienceMs(next.pod, next.status)) - clock.now();
      cancelWait();
      if (waitMs > 0) {
        cancelWait = clock.setTimeout(changed, waitMs);
        continue;
      }
      waitsSince = undefined;
      // Without a resourceVersion: the status is the node's to say, whoever labelled the pod meanwhile.
      const { resourceVersion: _, ...metadata } = next.pod.metadata;
      try {
        await client.updateStatus(pods, { ...next.pod, metadata, status: next.status });
        retryMs = 50;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) continue; // It is gone, or another of that name is there.
        if (signal.aborted) return;
        log.warn({ kind: 'Pod', namespace: metadata.namespace, name: metadata.name, err: error, retryInMs: retryMs }, 'writing the status of a pod failed, trying again');
        dirty = true;
        await sleep(retryMs);
        retryMs = Math.min(retryMs * 2, 10_000);
      }
    }
  };
  const start = (): Promise<void> =>
    (writing ??= write().finally(() => {
      writing = undefined;
      if (dirty && !signal.aborted) void start();
    }));
  const changed = (): void => {
    if (signal.aborted) return;
    dirty = true;
    void start();
  };
  signal.addEventListener('abort', () => cancelWait(), { once: true });
  return {
    changed,
    flush: async () => {
      isHurried = true;
      changed();
      for (let current = writing; current && !signal.aborted; current = writing) await current;
      isHurried = false;
    },
  };
}

/**
 * How long a status may wait for the next one, in ms. A pod that runs to its end, as those of workflows do, is mostly through
 * within a moment: that one container after another comes and goes is told when it lasts, its end and its troubles at once.
 */
export function patienceMs(pod: Pod, { phase, initContainerStatuses = [], containerStatuses = [] }: PodStatus): number {
  if (pod.spec?.restartPolicy === 'Always' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const inTrouble = [...initContainerStatuses, ...containerStatuses].some(({ state, lastState }) => {
    const reason = state?.waiting?.reason;
    return (reason !== undefined && !IN_TURN.has(reason)) || (state?.terminated?.exitCode ?? lastState?.terminated?.exitCode ?? 0) !== 0;
  });
  return inTrouble ? 0 : 250;
}

const IN_TURN = new Set(['PodInitializing', 'ContainerCreating']);
