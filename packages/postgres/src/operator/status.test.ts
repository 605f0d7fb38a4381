import type { Postgresql } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { Member } from './members.ts';
import { beginStatus, operationOf, statusOf, type Findings } from './status.ts';

const object = (status?: object, generation = 2): Postgresql => ({ apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', metadata: { name: 'a', namespace: 'n', generation }, spec: {}, ...(status ? { status } : {}) }) as Postgresql;
const primary = { name: 'a-0', ordinal: 0, role: 'master', ready: true, ip: '127.0.0.9', isLeaving: false } as Member;
const fine: Findings = { operation: 'create', outcomes: [{ type: 'done' }], members: [primary], instances: 1, databasesReady: true, ignored: [], overdue: false };
const now = new Date('2026-11-22T10:00:00Z');
const ready = (status: ReturnType<typeof statusOf>): unknown => status.conditions?.find(({ type }) => type === 'Ready');

describe(operationOf, () => {
  it.each([
    [undefined, 'create'],
    [{ PostgresClusterStatus: 'CreateFailed', observedGeneration: 2 }, 'create'],
    [{ PostgresClusterStatus: 'Running', observedGeneration: 1 }, 'update'],
    [{ PostgresClusterStatus: 'UpdateFailed', observedGeneration: 2 }, 'update'],
    [{ PostgresClusterStatus: 'Running', observedGeneration: 2 }, 'sync'],
  ])('of status %o is %s', (status, operation) => {
    expect(operationOf(object(status))).toBe(operation);
  });
});

describe(beginStatus, () => {
  it('says Creating once, and does not hide that an attempt failed', () => {
    expect(beginStatus(object(), 'create')).toEqual({ PostgresClusterStatus: 'Creating' });
    expect(beginStatus(object({ PostgresClusterStatus: 'Creating' }), 'create')).toBeUndefined();
    expect(beginStatus(object({ PostgresClusterStatus: 'CreateFailed' }), 'create')).toBeUndefined();
    expect(beginStatus(object({ PostgresClusterStatus: 'Running' }), 'sync')).toBeUndefined();
  });
});

describe(statusOf, () => {
  it('is Running when everything is done', () => {
    const status = statusOf(object({ PostgresClusterStatus: 'Creating' }), fine, now);
    expect(status).toMatchObject({ PostgresClusterStatus: 'Running', observedGeneration: 2, readyInstances: 1, primary: 'a-0', endpoint: 'a.n.svc.cluster.local:5432' });
    expect(ready(status)).toMatchObject({ status: 'True', reason: 'AcceptsSQL' });
  });
  it('stays Creating, and observes nothing, while something is waited for', () => {
    const status = statusOf(object({ PostgresClusterStatus: 'Creating' }), { ...fine, outcomes: [{ type: 'waiting', reason: 'PodsNotReady', message: '0 of 1 pods are ready' }], members: [], databasesReady: false }, now);
    expect(status).toMatchObject({ PostgresClusterStatus: 'Creating', readyInstances: 0 });
    expect(status).not.toHaveProperty('observedGeneration');
    expect(ready(status)).toMatchObject({ status: 'False', message: '0 of 1 pods are ready' });
  });
  it.each([['create', 'CreateFailed'], ['update', 'UpdateFailed'], ['sync', 'SyncFailed']] as const)('calls a failed %s %s', (operation, expected) => {
    expect(statusOf(object({ PostgresClusterStatus: 'Running' }), { ...fine, operation, outcomes: [{ type: 'failed', message: 'no disk' }] }, now)).toMatchObject({ PostgresClusterStatus: expected, message: 'no disk' });
  });
  it('stays Running but is not Ready when the primary is down', () => {
    const status = statusOf(object({ PostgresClusterStatus: 'Running', observedGeneration: 2 }), { ...fine, operation: 'sync', outcomes: [{ type: 'waiting', reason: 'PodsNotReady', message: '0 of 1 pods are ready' }], members: [{ ...primary, ready: false }] }, now);
    expect(status.PostgresClusterStatus).toBe('Running');
    expect(ready(status)).toMatchObject({ status: 'False', reason: 'NoPrimary' });
  });
});
