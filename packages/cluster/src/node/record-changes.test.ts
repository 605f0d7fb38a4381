import { describe, expect, it } from 'vitest';
import { freshRecord, RESTART_BACKOFF, type ContainerRecord } from './container-record.ts';
import { recordEnd, recordStart, recordWait } from './record-changes.ts';

const end = (record: ContainerRecord, exitCode: number, nowMs: number, tail = ''): ContainerRecord => recordEnd(record, { exitCode }, tail, record.phase.type === 'running' ? record.phase.startedAtMs : 0, nowMs, RESTART_BACKOFF);

describe('the record of a container', () => {
  it('counts failures in a row, each with a longer pause, until a run lasts', () => {
    const first = end(recordStart(freshRecord('a'), 0, 1000), 1, 2000);
    expect([first.failures, first.restartAtMs]).toEqual([1, 2000]);
    const second = end(recordStart(first, 1, 2000), 1, 3000);
    expect([second.failures, second.restartAtMs, second.restarts, second.last?.finishedAtMs]).toEqual([2, 13_000, 1, 2000]);
    const lasting = end(recordStart(second, 2, 13_000), 1, 13_000 + RESTART_BACKOFF.resetMs);
    expect(lasting.failures).toBe(1);
  });

  it('says of a failure what the container said last, without the stack', () => {
    expect(end(recordStart(freshRecord('a'), 0, 0), 1, 1, 'Error: no\n    at step (file.ts:1)\n').phase).toEqual({ type: 'terminated', exitCode: 1, reason: 'Error', message: 'Error: no', startedAtMs: 0, finishedAtMs: 1 });
    expect(end(recordStart(freshRecord('a'), 0, 0), 0, 1, 'all is well').phase).toEqual({ type: 'terminated', exitCode: 0, reason: 'Completed', startedAtMs: 0, finishedAtMs: 1 });
  });

  it('keeps the end of the run before, when the next cannot be started', () => {
    const waiting = recordWait(end(recordStart(freshRecord('a'), 0, 0), 1, 1), { reason: 'ImagePullBackOff', message: 'no such image', retryAtMs: 50 });
    expect(waiting).toMatchObject({ phase: { type: 'waiting', reason: 'ImagePullBackOff', message: 'no such image' }, retryAtMs: 50, restarts: 1, last: { exitCode: 1 } });
    expect(recordStart({ ...waiting, failures: 3 }, 1, 60)).toEqual({ ...freshRecord('a'), phase: { type: 'running', startedAtMs: 60 }, restarts: 1, last: waiting.last });
  });
});
