import { jobs, pods, type Job, type Pod } from '@plinth/api';
import { keyOf } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forever, programs, succeed } from './programs.ts';
import { startWorld, type World } from './world.ts';

const key = { namespace: 'default', name: 'work' };

const job = (podSpec: object, spec: object = {}): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: key,
    spec: { template: { spec: { restartPolicy: 'OnFailure', ...podSpec } }, ...spec },
  }) as Job;

const conditionsOf = async ({ plane }: World): Promise<Readonly<Record<string, string>>> => {
  const now = await plane.client.get<Job>(jobs, key);
  return Object.fromEntries((now.status?.conditions ?? []).filter(({ status }) => status === 'True').map(({ type, reason }) => [type, reason ?? '']));
};
const podsOf = async ({ plane }: World): Promise<readonly Pod[]> => (await plane.client.list<Pod>(pods, { namespace: 'default' })).items;

describe('a Job', () => {
  it('runs init containers in order, hands files on and completes', async () => {
    const ran: string[] = [];
    await using world = await startWorld({
      catalogue: programs({
        writer: async ({ mounts, containerName, log }) => {
          ran.push(containerName);
          log(`hello from ${containerName}`);
          writeFileSync(join(mounts.get('/out')!, containerName), 'done');
          return 0;
        },
        reader: async ({ mounts, log }) => {
          log(readFileSync(join(mounts.get('/in')!, 'one'), 'utf8'));
          return 0;
        },
      }),
    });
    const { client } = world.plane;
    const mount = [{ name: 'shared', mountPath: '/out' }];
    await client.create(
      jobs,
      job({
        initContainers: [
          { name: 'one', image: 'writer', volumeMounts: mount },
          { name: 'two', image: 'writer', volumeMounts: mount },
        ],
        containers: [{ name: 'main', image: 'reader', volumeMounts: [{ name: 'shared', mountPath: '/in' }] }],
        volumes: [{ name: 'shared', emptyDir: {} }],
      }),
    );
    await eventually(async () => expect(await conditionsOf(world)).toEqual({ SuccessCriteriaMet: 'CompletionsReached', Complete: 'CompletionsReached' }));
    expect(ran).toEqual(['one', 'two']);
    expect((await client.get<Job>(jobs, key)).status).toMatchObject({ succeeded: 1, ready: 0 });
    const [pod] = await podsOf(world);
    expect(pod!.metadata.name).toMatch(/^work-[a-z0-9]{5}$/);
    expect(pod!.metadata.labels).toMatchObject({ 'job-name': 'work', 'batch.kubernetes.io/job-name': 'work' });
    expect(pod!.status?.phase).toBe('Succeeded');
    expect(pod!.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual(['Completed', 'Completed']);
    const log = async (container: string): Promise<unknown> =>
      (await client.request({ method: 'GET', path: `/api/v1/namespaces/default/pods/${pod!.metadata.name}/log`, query: { container } })).body;
    expect(await log('one')).toBe('hello from one\n');
    expect(await log('main')).toBe('done\n');
  });

  it('fails with the cause of the last failure when its restarts are used up, and removes its pod', async () => {
    let runs = 0;
    await using world = await startWorld({
      backoffBaseMs: 1,
      catalogue: programs({
        bad: async ({ log }) => {
          runs += 1;
          log('reading the request');
          throw new TypeError('env "stage" is not known');
        },
      }),
    });
    await world.plane.client.create(jobs, job({ containers: [{ name: 'main', image: 'bad' }] }, { backoffLimit: 2 }));
    await eventually(async () => expect(await conditionsOf(world)).toEqual({ FailureTarget: 'BackoffLimitExceeded', Failed: 'BackoffLimitExceeded' }));
    const failed = await world.plane.client.get<Job>(jobs, key);
    const { message } = failed.status!.conditions!.find(({ type }) => type === 'Failed')!;
    expect(message).toMatch(/^Job has reached the specified backoff limit: container "main" of pod "work-\w{5}" ended with exit code 1: reading the request\nTypeError: env "stage" is not known$/);
    expect(runs).toBeGreaterThanOrEqual(2);
    await eventually(async () => expect(await podsOf(world)).toEqual([]));
  });

  it('makes new pods for those that fail, and keeps the failed ones, with restartPolicy Never', async () => {
    await using world = await startWorld({ backoffBaseMs: 1, catalogue: programs({ bad: () => Promise.resolve(3) }) });
    await world.plane.client.create(jobs, job({ restartPolicy: 'Never', containers: [{ name: 'main', image: 'bad' }] }, { backoffLimit: 1 }));
    await eventually(async () => expect(await conditionsOf(world)).toMatchObject({ Failed: 'BackoffLimitExceeded' }));
    const all = await podsOf(world);
    expect(all.map((pod) => pod.status?.phase)).toEqual(['Failed', 'Failed']);
    expect(all[0]!.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect((await world.plane.client.get<Job>(jobs, key)).status?.failed).toBe(2);
  });

  it('ends pods that run for longer than its deadline', async () => {
    await using world = await startWorld({ catalogue: programs({ forever }) });
    await world.plane.client.create(jobs, job({ terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'forever' }] }, { activeDeadlineSeconds: 1 }));
    await eventually(async () => expect(await conditionsOf(world)).toMatchObject({ Failed: 'DeadlineExceeded' }));
    await eventually(async () => expect(await podsOf(world)).toEqual([]));
  });

  it('removes its pods while it is suspended and goes on when it is resumed', async () => {
    await using world = await startWorld({ catalogue: programs({ forever }) });
    const { client } = world.plane;
    await client.create(jobs, job({ containers: [{ name: 'main', image: 'forever' }] }));
    await eventually(async () => expect((await podsOf(world)).map((pod) => pod.status?.phase)).toEqual(['Running']));
    await client.patch(jobs, key, 'merge', { spec: { suspend: true } });
    await eventually(async () => expect(await podsOf(world)).toEqual([]));
    expect(await conditionsOf(world)).toEqual({ Suspended: 'JobSuspended' });
    await client.patch(jobs, key, 'merge', { spec: { suspend: false } });
    await eventually(async () => expect((await podsOf(world)).map((pod) => pod.status?.phase)).toEqual(['Running']));
    expect(await conditionsOf(world)).toEqual({});
  });

  it('runs as many pods as it needs completions, no more at once than its parallelism', async () => {
    let now = 0;
    let most = 0;
    await using world = await startWorld({
      catalogue: programs({
        busy: async () => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now -= 1;
          return 0;
        },
      }),
    });
    await world.plane.client.create(jobs, job({ containers: [{ name: 'main', image: 'busy' }] }, { completions: 6, parallelism: 2 }));
    await eventually(async () => expect(await conditionsOf(world)).toMatchObject({ Complete: 'CompletionsReached' }));
    expect(most).toBe(2);
    expect((await podsOf(world)).map((pod) => pod.status?.phase)).toEqual(Array.from({ length: 6 }, () => 'Succeeded'));
  });

  it('goes when its time to live is over, and its pods with it', async () => {
    await using world = await startWorld({ catalogue: programs({ succeed }) });
    const { client } = world.plane;
    await client.create(jobs, job({ containers: [{ name: 'main', image: 'succeed' }] }, { ttlSecondsAfterFinished: 0 }));
    await eventually(async () => expect(await client.find(jobs, key)).toBeUndefined());
    await eventually(async () => expect(await podsOf(world)).toEqual([]));
  });

  it('goes on with the container that was interrupted by a restart of the node agent, without counting a failure', async () => {
    const ran: string[] = [];
    let hang = true;
    await using world = await startWorld({
      catalogue: programs({
        step: async (context) => {
          ran.push(context.containerName);
          if (context.containerName === 'two' && hang) return forever(context).then(() => 1);
          return 0;
        },
      }),
    });
    await world.plane.client.create(
      jobs,
      job({ initContainers: [{ name: 'one', image: 'step' }, { name: 'two', image: 'step' }], containers: [{ name: 'main', image: 'step' }] }, { backoffLimit: 0 }),
    );
    await eventually(async () => expect((await podsOf(world))[0]?.status?.initContainerStatuses?.[1]?.state?.running).toBeDefined());
    hang = false;
    await world.restart();
    await eventually(async () => expect(await conditionsOf(world)).toMatchObject({ Complete: 'CompletionsReached' }));
    expect(ran).toEqual(['one', 'two', 'two', 'main']);
    const [pod] = await podsOf(world);
    expect(pod!.status?.initContainerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
    expect(keyOf(pod!).name).toMatch(/^work-/);
  });
});
