import { describe, expect, it } from 'vitest';
import { podColumns, shortDuration } from './pod-columns.ts';
import type { PodStatus } from './pod.ts';

const cells = (status: PodStatus, extra: { deleted?: boolean; init?: number } = {}) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', ...(extra.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {
      containers: [{ name: 'a', image: 'a' }],
      ...(extra.init ? { initContainers: Array.from({ length: extra.init }, (_, i) => ({ name: `i${i}`, image: 'i' })) } : {}),
    },
    status,
  };
  return podColumns.slice(0, 3).map((column) => column.value?.(pod, Date.parse('2026-01-01T01:00:00Z')));
};
const container = { name: 'a', image: 'a', imageID: '', ready: false, restartCount: 0 };

describe('podColumns', () => {
  it('shows a running pod', () => {
    expect(cells({ phase: 'Running', containerStatuses: [{ ...container, ready: true, state: { running: {} } }] })).toEqual(['1/1', 'Running', '0']);
  });

  it('shows why a container waits, and how often it was restarted', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:59:30Z' } };
    expect(
      cells({ phase: 'Running', containerStatuses: [{ ...container, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState }] }),
    ).toEqual(['0/1', 'CrashLoopBackOff', '3 (30s ago)']);
  });

  it('shows a pod that ran to its end', () => {
    expect(cells({ phase: 'Succeeded', containerStatuses: [{ ...container, state: { terminated: { exitCode: 0, reason: 'Completed' } } }] })).toEqual(['0/1', 'Completed', '0']);
  });

  it('shows how far the init containers are', () => {
    const done = { ...container, name: 'i0', state: { terminated: { exitCode: 0, reason: 'Completed' } } };
    const running = { ...container, name: 'i1', state: { running: {} } };
    const waiting = { ...container, state: { waiting: { reason: 'PodInitializing' } } };
    expect(cells({ phase: 'Pending', initContainerStatuses: [done, running], containerStatuses: [waiting] }, { init: 2 })).toEqual(['0/1', 'Init:1/2', '0']);
    expect(cells({ phase: 'Pending', initContainerStatuses: [{ ...done, state: { terminated: { exitCode: 2, reason: 'Error' } } }, running] }, { init: 2 })[1]).toBe('Init:Error');
  });

  it('shows a pod on its way out', () => {
    expect(cells({ phase: 'Running' }, { deleted: true })[1]).toBe('Terminating');
  });
});

describe(shortDuration, () => {
  it.each([
    [5_000, '5s'],
    [119_000, '119s'],
    [121_000, '2m1s'],
    [180_000, '3m'],
    [47 * 60_000, '47m'],
    [5 * 3_600_000 + 180_000, '5h3m'],
    [30 * 3_600_000, '30h'],
    [52 * 3_600_000, '2d4h'],
    [30 * 86_400_000, '30d'],
    [740 * 86_400_000, '2y10d'],
    [-5_000, '<invalid>'],
  ])('%d ms is %s', (ms, text) => {
    expect(shortDuration(ms)).toBe(text);
  });
});
