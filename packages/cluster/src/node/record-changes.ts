import type { ContainerExit } from '../runtime/container-runtime.ts';
import { restartDelayMs, type Backoff, type ContainerEnd, type ContainerRecord } from './container-record.ts';

/** The record of a container that has just started its run number `run`. */
export function recordStart(record: ContainerRecord, run: number, nowMs: number): ContainerRecord {
  const { retryAtMs: _, restartAtMs: _restart, ...rest } = record;
  return {
    ...rest,
    phase: { type: 'running', startedAtMs: nowMs },
    restarts: run,
    ...(record.phase.type === 'terminated' ? { last: withoutType(record.phase) } : { failures: 0 }),
    started: false,
    ready: false,
  };
}

/** The record of a container whose run has just ended. `tail`: the end of its log. */
export function recordEnd(record: ContainerRecord, exit: ContainerExit, tail: string, startedAtMs: number, nowMs: number, backoff: Backoff): ContainerRecord {
  // Stack traces are for the log; what ends up in conditions is for people.
  const message = exit.exitCode === 0 ? exit.message : tail.replaceAll(/\n +at .+/g, '').trimEnd() || exit.message;
  const failures = nowMs - startedAtMs >= backoff.resetMs ? 1 : record.failures + 1;
  return {
    ...record,
    phase: {
      type: 'terminated',
      exitCode: exit.exitCode,
      ...(exit.signal ? { signal: exit.signal } : {}),
      reason: exit.reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'),
      ...(message ? { message } : {}),
      startedAtMs: record.phase.type === 'running' ? record.phase.startedAtMs : startedAtMs,
      finishedAtMs: nowMs,
    },
    failures,
    restartAtMs: nowMs + restartDelayMs(failures, backoff),
    ready: false,
    started: false,
  };
}

/** The record of a container that could not be started. `retryAtMs`: infinite where another has to bring something. */
export function recordWait(record: ContainerRecord, { reason, message, retryAtMs }: { readonly reason: string; readonly message: string; readonly retryAtMs: number }): ContainerRecord {
  return {
    ...record,
    phase: { type: 'waiting', reason, message },
    retryAtMs,
    ...(record.phase.type === 'terminated' ? { last: withoutType(record.phase), restarts: record.restarts + 1 } : {}),
  };
}

function withoutType(phase: { readonly type: 'terminated' } & ContainerEnd): ContainerEnd {
  const { type: _, ...end } = phase;
  return end;
}
