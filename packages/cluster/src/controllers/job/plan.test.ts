import type { Job, Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { timeOf } from '../../objects/time.ts';
import { planJob } from './plan.ts';

const NOW = Date.UTC(2026, 0, 1);
const job = (spec: object = {}, status: object = {}): Job =>
  ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace: 'default', name: 'work', uid: 'j' }, spec: { completions: 1, parallelism: 1, template: { spec: { restartPolicy: 'Never', containers: [] } }, ...spec }, status }) as KubeObject as Job;
const pod = (phase: string, more: object = {}): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', creationTimestamp: timeOf(NOW) }, status: { phase, ...more } }) as KubeObject as Pod;
const failed = (secondsAgo: number): Pod => pod('Failed', { containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 1, finishedAt: timeOf(NOW - secondsAgo * 1000) } } }] });

describe(planJob, () => {
  it('needs pods until enough of them have succeeded', () => {
    expect(planJob({ job: job(), pods: [] }, NOW)).toMatchObject({ outcome: { type: 'running' }, create: 1 });
    expect(planJob({ job: job({ completions: 5, parallelism: 3 }), pods: [pod('Running'), pod('Succeeded'), pod('Succeeded')] }, NOW)).toMatchObject({ create: 2 });
    expect(planJob({ job: job(), pods: [pod('Succeeded')] }, NOW)).toMatchObject({ outcome: { type: 'complete' }, create: 0 });
  });

  it('remembers a success whose pod was deleted', () => {
    expect(planJob({ job: job({}, { succeeded: 1 }), pods: [] }, NOW)).toMatchObject({ outcome: { type: 'complete' } });
  });

  it('waits before it replaces a failed pod, twice as long each time', () => {
    expect(planJob({ job: job(), pods: [failed(9)] }, NOW)).toMatchObject({ create: 0, wakeAtMs: NOW + 1000 });
    expect(planJob({ job: job(), pods: [failed(11)] }, NOW)).toMatchObject({ create: 1 });
    expect(planJob({ job: job(), pods: [failed(11), failed(40)] }, NOW)).toMatchObject({ create: 0, wakeAtMs: NOW + 9000 });
  });

  it('fails when there are more failures than the limit, in pods or in place', () => {
    expect(planJob({ job: job({ backoffLimit: 1 }), pods: [failed(1), failed(2)] }, NOW).outcome).toMatchObject({ type: 'failed', reason: 'BackoffLimitExceeded' });
    const inPlace = job({ backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } });
    const restarted = (restartCount: number): Pod => pod('Running', { containerStatuses: [{ name: 'main', restartCount }] });
    expect(planJob({ job: inPlace, pods: [restarted(1)] }, NOW).outcome.type).toBe('running');
    expect(planJob({ job: inPlace, pods: [restarted(2)] }, NOW)).toMatchObject({ outcome: { type: 'failed' }, remove: [{}] });
  });

  it('fails when its deadline is over, and wakes for it', () => {
    const started = (secondsAgo: number): Job => job({ activeDeadlineSeconds: 10 }, { startTime: timeOf(NOW - secondsAgo * 1000) });
    expect(planJob({ job: started(4), pods: [pod('Running')] }, NOW)).toMatchObject({ outcome: { type: 'running' }, wakeAtMs: NOW + 6000 });
    expect(planJob({ job: started(10), pods: [pod('Running')] }, NOW)).toMatchObject({ outcome: { type: 'failed', reason: 'DeadlineExceeded' }, remove: [{}] });
  });

  it('removes its pods while it is suspended', () => {
    expect(planJob({ job: job({ suspend: true }), pods: [pod('Running')] }, NOW)).toMatchObject({ outcome: { type: 'suspended' }, create: 0, remove: [{}] });
  });

  it('expires when it has been finished for its time to live', () => {
    const finished = job({ ttlSecondsAfterFinished: 5 }, { completionTime: timeOf(NOW - 4000), conditions: [{ type: 'Complete', status: 'True' }] });
    expect(planJob({ job: finished, pods: [] }, NOW)).toMatchObject({ outcome: { type: 'finished' }, expired: false, wakeAtMs: NOW + 1000 });
    expect(planJob({ job: finished, pods: [] }, NOW + 1000)).toMatchObject({ expired: true });
  });

  it('is done, without a number of completions, when one has succeeded and none runs', () => {
    const queue = job({ completions: undefined, parallelism: 2 });
    expect(planJob({ job: queue, pods: [pod('Succeeded'), pod('Running')] }, NOW)).toMatchObject({ outcome: { type: 'running' }, create: 0 });
    expect(planJob({ job: queue, pods: [pod('Succeeded')] }, NOW)).toMatchObject({ outcome: { type: 'complete' } });
  });
});
