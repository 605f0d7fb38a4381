import type { Pod } from '@plinth/api';
import { msOf } from '../objects/time.ts';
import type { Container, ContainerState, ContainerStatus } from '../objects/types.ts';
import { freshRecord, restartDelayMs, type Backoff, type ContainerEnd, type ContainerRecord } from './container-record.ts';

export interface Recovered {
  readonly records: Map<string, ContainerRecord>;
  /** Containers that ran when the agent before this one ended, and how they stood then. */
  readonly interrupted: ReadonlyMap<string, ContainerRecord>;
  readonly containerIds: Map<string, string>;
}

/**
 * What is known of the containers of a pod from its status, for an agent that has just started. Containers live in the
 * agent's process, so those that ran are gone: they are to start again. Where the pod's containers run for ever, that
 * is a restart; where they run to an end, it is the same run once more, so that a Job does not fail for it.
 */
export function recoverRecords(pod: Pod, nowMs: number, backoff: Backoff, hasFiles: boolean): Recovered {
  const records = new Map<string, ContainerRecord>();
  const interrupted = new Map<string, ContainerRecord>();
  const containerIds = new Map<string, string>();
  const statuses = new Map([...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((status) => [status.name, status]));
  const runsForEver = (container: Container): boolean =>
    container.restartPolicy === 'Always' || (pod.spec?.restartPolicy === 'Always' && pod.spec.containers.includes(container));

  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    const status = statuses.get(container.name);
    // Without its volumes, what init containers left for the others is gone as well.
    if (!status || !hasFiles) {
      records.set(container.name, { ...freshRecord(container.name), restarts: status?.restartCount ?? 0 });
      continue;
    }
    if (status.containerID) containerIds.set(container.name, status.containerID);
    const record = fromStatus(status, nowMs, backoff);
    if (record.phase.type !== 'running') {
      records.set(container.name, record);
      continue;
    }
    interrupted.set(container.name, record);
    const counts = runsForEver(container);
    const end: ContainerEnd = {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The node agent was restarted while the container was running.',
      startedAtMs: record.phase.startedAtMs,
      finishedAtMs: nowMs,
    };
    records.set(container.name, {
      ...freshRecord(container.name),
      restarts: record.restarts + (counts ? 1 : 0),
      ...(counts ? { last: end } : record.last ? { last: record.last } : {}),
    });
  }
  return { records, interrupted, containerIds };
}

function fromStatus(status: ContainerStatus, nowMs: number, backoff: Backoff): ContainerRecord {
  const fresh = freshRecord(status.name);
  const last = endOf(status.lastState);
  const base = { ...fresh, restarts: status.restartCount, ...(last ? { last } : {}) };
  const end = endOf(status.state);
  if (end) return { ...base, phase: { type: 'terminated', ...end }, failures: end.exitCode === 0 ? 0 : 1, restartAtMs: nowMs };
  if (status.state?.running) {
    return { ...base, phase: { type: 'running', startedAtMs: msOf(status.state.running.startedAt) ?? nowMs }, started: status.started ?? false, ready: status.ready };
  }
  if (last && status.state?.waiting?.reason === 'CrashLoopBackOff') {
    const failures = status.restartCount + 1;
    const { last: _, ...rest } = base;
    return { ...rest, phase: { type: 'terminated', ...last }, failures, restartAtMs: last.finishedAtMs + restartDelayMs(failures, backoff) };
  }
  return base;
}

function endOf(state: ContainerState | undefined): ContainerEnd | undefined {
  const end = state?.terminated;
  if (!end) return undefined;
  return {
    exitCode: end.exitCode,
    ...(end.signal ? { signal: end.signal } : {}),
    reason: end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error'),
    ...(end.message ? { message: end.message } : {}),
    startedAtMs: msOf(end.startedAt) ?? 0,
    finishedAtMs: msOf(end.finishedAt) ?? 0,
  };
}
