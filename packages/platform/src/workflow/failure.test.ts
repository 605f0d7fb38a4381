import type { Job, Pod } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { describeFailure, failureOf, stallOf } from './failure.ts';

const pod = (...statuses: object[]): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status: { initContainerStatuses: statuses } }) as unknown as Pod;
const failedJob = (reason: string): Job =>
  ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { activeDeadlineSeconds: 30 }, status: { conditions: [{ type: 'Failed', status: 'True', reason, message: 'said Kubernetes' }] } }) as unknown as Job;
const ended = (exitCode: number, message = '', reason = 'Error') => ({ terminated: { exitCode, reason, message } });

describe('what a pod says of a failure', () => {
  it('names the container and its last words', () => {
    expect(failureOf(pod({ name: 'reader', state: ended(0) }, { name: 'make', state: ended(3, 'no such size\n') }))).toEqual({ container: 'make', cause: 'no such size (exit code 3)' });
    expect(failureOf(pod({ name: 'make', state: ended(1, 'Error: no such size\n    at make (file:///a.ts:1:2)\n    at run (file:///b.ts:3:4)\n') }))?.cause).toBe('Error: no such size (exit code 1)');
    expect(failureOf(pod({ name: 'make', state: ended(137, '', 'OOMKilled') }))).toEqual({ container: 'make', cause: 'OOMKilled (exit code 137)' });
    expect(failureOf(pod({ name: 'make', state: ended(1, 'x'.repeat(5_000)) }))?.cause).toHaveLength(3 + 600 + ' (exit code 1)'.length);
  });
  it('remembers the failure of a container that is started again until it ends well', () => {
    expect(failureOf(pod({ name: 'make', state: { running: {} }, lastState: ended(1, 'once') }))).toEqual({ container: 'make', cause: 'once (exit code 1)' });
    expect(failureOf(pod({ name: 'make', state: ended(0), lastState: ended(1, 'once') }))).toBeUndefined();
  });
  it('sees a container that waits for an image', () => {
    expect(stallOf(pod({ name: 'make', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }))).toEqual({ container: 'make', cause: 'ImagePullBackOff: no such image' });
    expect(stallOf(pod({ name: 'make', state: { waiting: { reason: 'PodInitializing' } } }))).toBeUndefined();
  });
});

describe(describeFailure, () => {
  it('says of a deadline which container it ended', () => {
    expect(describeFailure(failedJob('DeadlineExceeded'), pod({ name: 'reader', state: ended(0) }, { name: 'make', state: { running: {} } }), undefined)).toBe('container make: did not come to an end within 30 seconds');
    expect(describeFailure(failedJob('DeadlineExceeded'), pod({ name: 'make', state: ended(143) }), undefined)).toBe('container make: did not come to an end within 30 seconds');
    expect(describeFailure(failedJob('DeadlineExceeded'), undefined, undefined)).toBe('did not come to an end within 30 seconds');
  });
  it('falls back to what was noted, then to the Job', () => {
    expect(describeFailure(failedJob('BackoffLimitExceeded'), undefined, 'container make: noted')).toBe('container make: noted');
    expect(describeFailure(failedJob('BackoffLimitExceeded'), undefined, undefined)).toBe('BackoffLimitExceeded: said Kubernetes');
  });
});
