import type { Pod } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { PodStatus } from '../objects/types.ts';
import { patienceMs } from './status-writer.ts';

const job = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { restartPolicy: 'OnFailure', containers: [] } } as unknown as Pod;
const status = (phase: string, init: object, main: object = { waiting: { reason: 'PodInitializing' } }): PodStatus =>
  ({ phase, initContainerStatuses: [{ name: 'a', state: init }], containerStatuses: [{ name: 'b', state: main }] }) as unknown as PodStatus;

describe(patienceMs, () => {
  it('lets the progress of a pod that runs to its end wait', () => {
    expect(patienceMs(job, status('Pending', { running: {} }))).toBeGreaterThan(0);
    expect(patienceMs(job, status('Running', { terminated: { exitCode: 0 } }, { running: {} }))).toBeGreaterThan(0);
  });

  it.each([
    ['its end', status('Succeeded', { terminated: { exitCode: 0 } }, { terminated: { exitCode: 0 } })],
    ['its failure', status('Failed', { terminated: { exitCode: 1 } })],
    ['a container that failed and is started again', status('Pending', { terminated: { exitCode: 1 } })],
    ['an image that cannot be had', status('Pending', { waiting: { reason: 'ImagePullBackOff' } })],
  ])('lets nothing wait that people wait for: %s', (_what, its) => {
    expect(patienceMs(job, its)).toBe(0);
  });

  it('writes every state of a pod that serves', () => {
    expect(patienceMs({ ...job, spec: { ...job.spec!, restartPolicy: 'Always' } }, status('Pending', { running: {} }))).toBe(0);
  });
});
