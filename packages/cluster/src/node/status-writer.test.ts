import type { Pod } from '@plinth/api';
import type { Client } from '@plinth/client';
import { silentLogger } from '@plinth/controller-runtime';
import { fakeClock } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { PodStatus } from '../objects/types.ts';
import { createStatusWriter, patienceMs } from './status-writer.ts';

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

describe(createStatusWriter, () => {
  const [begun, next, over] = [status('Pending', { running: {} }), status('Running', { terminated: { exitCode: 0 } }, { running: {} }), status('Succeeded', { terminated: { exitCode: 0 } }, { terminated: { exitCode: 0 } })];
  const start = () => {
    const clock = fakeClock();
    const stopped = new AbortController();
    const written: unknown[] = [];
    let known: PodStatus = status('Pending', { waiting: { reason: 'PodInitializing' } });
    let wanted = known;
    const client = { updateStatus: async (_resource: unknown, pod: { status: PodStatus }) => written.push(known = pod.status) } as unknown as Client;
    const writer = createStatusWriter({ client, log: silentLogger, signal: stopped.signal, clock, sleep: async () => {}, wanted: () => ({ pod: { ...job, status: known } as Pod, status: wanted }) });
    const become = async (its: PodStatus): Promise<void> => {
      wanted = its;
      writer.changed();
      // Twice: what is written is written a turn of the event loop later.
      await clock.advance(0);
      await clock.advance(0);
    };
    return { clock, stopped, written, writer, become, known: () => known };
  };

  it('writes progress once it lasts, the newest of it, and its end at once', async () => {
    const { clock, written, become } = start();
    await become(begun);
    await clock.advance(200);
    await become(next);
    expect(written).toEqual([]);
    await clock.advance(51);
    expect(written).toEqual([next]);
    await become(over);
    expect([written, clock.pending]).toEqual([[next, over], 0]);
  });

  it('begins to wait anew after what came to nothing', async () => {
    const { clock, written, become, known } = start();
    await become(begun);
    await become(known());
    expect(clock.pending).toBe(0);
    await clock.advance(1000);
    await become(begun);
    expect([written, clock.pending]).toEqual([[], 1]);
  });

  it('writes what waits when it is told to, and nothing after its end', async () => {
    const { clock, stopped, written, writer, become } = start();
    await become(begun);
    await writer.flush();
    expect([written, clock.pending]).toEqual([[begun], 0]);
    await become(next);
    stopped.abort();
    expect([written, clock.pending]).toEqual([[begun], 0]);
  });
});
