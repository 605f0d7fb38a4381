import type { Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../objects/types.ts';
import { freshRecord, restartDelayMs, RESTART_BACKOFF, type ContainerRecord } from './container-record.ts';
import { planPod } from './plan-pod.ts';
import { podStatus } from './pod-status.ts';

type State = 'waiting' | 'running' | number;
const record = (name: string, state: State, more: Partial<ContainerRecord> = {}): ContainerRecord => ({
  ...freshRecord(name),
  ...(state === 'running' ? { phase: { type: 'running', startedAtMs: 0 }, started: true, ready: true } : {}),
  ...(typeof state === 'number' ? { phase: { type: 'terminated', exitCode: state, reason: state === 0 ? 'Completed' : 'Error', startedAtMs: 0, finishedAtMs: 0 }, restartAtMs: 50 } : {}),
  ...more,
});
const spec = (restartPolicy: string): PodSpec =>
  ({ restartPolicy, initContainers: [{ name: 'one', image: 'i' }, { name: 'two', image: 'i' }], containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }] }) as PodSpec;
const recordsOf = (states: Readonly<Record<string, State>>): ReadonlyMap<string, ContainerRecord> => new Map(Object.entries(states).map(([name, state]) => [name, record(name, state)]));
const plan = (policy: string, states: Readonly<Record<string, State>>, nowMs = 100) => {
  const { start, ...rest } = planPod(spec(policy), recordsOf(states), nowMs);
  return { ...rest, start: start.map(({ name }) => name) };
};
const status = (policy: string, states: Readonly<Record<string, State>>) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', uid: 'u' }, spec: spec(policy) } as KubeObject as Pod;
  return podStatus(pod, { records: recordsOf(states), nodeIP: '127.0.0.1', podIP: '127.9.0.1', startedAtMs: 0, backoff: RESTART_BACKOFF, containerIds: new Map() }, 100);
};
const conditions = (of: ReturnType<typeof status>): Readonly<Record<string, string>> => Object.fromEntries((of.conditions ?? []).map(({ type, status: value, reason }) => [type, `${value}${reason ? ` ${reason}` : ''}`]));

describe(planPod, () => {
  it('runs init containers one after the other, then the others together', () => {
    expect(plan('Always', { one: 'waiting', two: 'waiting', a: 'waiting', b: 'waiting' }).start).toEqual(['one']);
    expect(plan('Always', { one: 'running', two: 'waiting', a: 'waiting', b: 'waiting' }).start).toEqual([]);
    expect(plan('Always', { one: 0, two: 'waiting', a: 'waiting', b: 'waiting' }).start).toEqual(['two']);
    expect(plan('Always', { one: 0, two: 0, a: 'waiting', b: 'waiting' }).start).toEqual(['a', 'b']);
  });

  it('runs a failed init container again after its pause, unless the pod never restarts anything', () => {
    const states = { one: 1, two: 'waiting', a: 'waiting', b: 'waiting' } as const;
    expect(plan('OnFailure', states, 10)).toEqual({ start: [], stop: [], finished: false, wakeAtMs: 50 });
    expect(plan('OnFailure', states, 50).start).toEqual(['one']);
    expect(plan('Never', states)).toEqual({ start: [], stop: [], finished: true });
  });

  it('restarts containers as the policy says', () => {
    const states = { one: 0, two: 0, a: 0, b: 1 } as const;
    expect(plan('Always', states).start).toEqual(['a', 'b']);
    expect(plan('OnFailure', states).start).toEqual(['b']);
    expect(plan('Never', states)).toMatchObject({ start: [], finished: true });
  });

  it('waits for a sidecar to have started only, and stops it when all others are done', () => {
    const withSidecar = { restartPolicy: 'Never', initContainers: [{ name: 'side', image: 'i', restartPolicy: 'Always' }], containers: [{ name: 'a', image: 'i' }] } as PodSpec;
    const next = (side: ContainerRecord, a: State) => {
      const { start, stop, finished } = planPod(withSidecar, new Map([['side', side], ['a', record('a', a)]]), 100);
      return { start: start.map(({ name }) => name), stop, finished };
    };
    expect(next(record('side', 'running', { started: false }), 'waiting')).toEqual({ start: [], stop: [], finished: false });
    expect(next(record('side', 'running'), 'waiting')).toEqual({ start: ['a'], stop: [], finished: false });
    expect(next(record('side', 1), 'running')).toEqual({ start: ['side'], stop: [], finished: false });
    expect(next(record('side', 'running'), 0)).toEqual({ start: [], stop: ['side'], finished: false });
    expect(next(record('side', 143), 0)).toEqual({ start: [], stop: [], finished: true });
  });
});

describe(podStatus, () => {
  it('is Pending until the init containers are through', () => {
    const now = status('Always', { one: 0, two: 'running', a: 'waiting', b: 'waiting' });
    expect(now.phase).toBe('Pending');
    expect(conditions(now)).toEqual({ PodReadyToStartContainers: 'True', Initialized: 'False ContainersNotInitialized', Ready: 'False ContainersNotReady', ContainersReady: 'False ContainersNotReady', PodScheduled: 'True' });
    expect(now.conditions?.find(({ type }) => type === 'Initialized')?.message).toBe('containers with incomplete status: [two]');
    expect(now.containerStatuses?.map(({ state }) => state?.waiting?.reason)).toEqual(['PodInitializing', 'PodInitializing']);
    expect(now.initContainerStatuses?.map(({ ready }) => ready)).toEqual([true, false]);
  });

  it('is Running while a container runs or is to run again', () => {
    expect(status('Always', { one: 0, two: 0, a: 'running', b: 'running' }).phase).toBe('Running');
    expect(status('OnFailure', { one: 0, two: 0, a: 1, b: 0 }).phase).toBe('Running');
    expect(conditions(status('Always', { one: 0, two: 0, a: 'running', b: 'running' }))['Ready']).toBe('True');
  });

  it('is Succeeded or Failed when all have ended', () => {
    const good = status('Never', { one: 0, two: 0, a: 0, b: 0 });
    expect([good.phase, conditions(good)['Ready'], conditions(good)['Initialized']]).toEqual(['Succeeded', 'False PodCompleted', 'True PodCompleted']);
    expect(status('Never', { one: 0, two: 0, a: 0, b: 2 }).phase).toBe('Failed');
    expect(status('Never', { one: 1, two: 'waiting', a: 'waiting', b: 'waiting' }).phase).toBe('Failed');
  });
});

describe(restartDelayMs, () => {
  it('is nothing at first, then doubles from the base to the maximum', () => {
    expect([1, 2, 3, 4, 9, 60].map((failures) => restartDelayMs(failures, RESTART_BACKOFF))).toEqual([0, 10_000, 20_000, 40_000, 300_000, 300_000]);
  });
});
