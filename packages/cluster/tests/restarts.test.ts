import { cronJobs, jobs, pods, statefulSets, type CronJob, type Job, type Pod, type StatefulSet } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually, fakeClock } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { forever, programs, succeed } from './programs.ts';
import { startWorld } from './world.ts';

describe('a cluster', () => {
  it('brings everything to its end, once, however often it is restarted on the way', async () => {
    const finished = new Map<string, number>();
    await using world = await startWorld({
      shutdownGraceMs: 50,
      catalogue: programs({
        forever,
        step: async ({ pod, containerName, signal }) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
          signal.throwIfAborted();
          const key = `${pod.metadata.name}/${containerName}`;
          finished.set(key, (finished.get(key) ?? 0) + 1);
          return 0;
        },
      }),
    });
    const { client } = world.plane;
    const names = Array.from({ length: 20 }, (_, index) => `work-${index}`);
    await Promise.all([
      ...names.map((name) =>
        client.create(jobs, {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { namespace: 'default', name },
          spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'OnFailure', initContainers: ['a', 'b'].map((each) => ({ name: each, image: 'step' })), containers: [{ name: 'main', image: 'step' }] } } },
        } as KubeObject as Job),
      ),
      client.create(statefulSets, {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { namespace: 'default', name: 'db' },
        spec: { replicas: 3, selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image: 'forever' }] } } },
      } as KubeObject as StatefulSet),
    ]);
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
      await world.restart();
    }
    await eventually(async () => {
      const all = (await client.list<Job>(jobs, { namespace: 'default' })).items;
      expect(all.map(({ status }) => status?.succeeded)).toEqual(names.map(() => 1));
      const set = await client.get<StatefulSet>(statefulSets, { namespace: 'default', name: 'db' });
      expect(set.status).toMatchObject({ replicas: 3, readyReplicas: 3 });
    });
    const all = (await client.list<Pod>(pods, { namespace: 'default' })).items;
    expect(all).toHaveLength(23);
    // A run whose end was not written down yet is run again; that is at most one per restart and container.
    expect(Math.max(...finished.values())).toBeLessThanOrEqual(6);
    expect([...finished.keys()]).toHaveLength(60);
    expect(new Set(all.filter((pod) => pod.status?.phase === 'Running').map((pod) => pod.status?.podIP)).size).toBe(3);
  });

  it('makes the Jobs of a CronJob when their time has come', async () => {
    const clock = fakeClock(Date.UTC(2026, 10, 22, 12, 0, 30));
    await using world = await startWorld({ clock, catalogue: programs({ succeed }) });
    const { client } = world.plane;
    await client.create(cronJobs, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { namespace: 'default', name: 'tick' },
      spec: { schedule: '*/5 * * * *', successfulJobsHistoryLimit: 1, jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'succeed' }] } } } } },
    } as KubeObject as CronJob);
    // The API server's clock is the real one: nothing before that counts.
    await client.patch(cronJobs, { namespace: 'default', name: 'tick' }, 'merge', { status: { lastScheduleTime: '2026-11-22T12:00:00Z' } }, { subresource: 'status' });
    const finishedJobs = async (): Promise<readonly string[]> =>
      (await client.list<Job>(jobs, { namespace: 'default' })).items.filter(({ status }) => status?.succeeded === 1).map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '');
    await eventually(async () => {
      await clock.advance(60_000);
      expect(await finishedJobs()).toEqual(['2026-11-22T12:05:00Z']);
    });
    await eventually(async () => {
      await clock.advance(60_000);
      expect(await finishedJobs()).toEqual(['2026-11-22T12:10:00Z']);
    });
    expect((await client.get<CronJob>(cronJobs, { namespace: 'default', name: 'tick' })).status?.lastScheduleTime).toBe('2026-11-22T12:10:00Z');
  });
});
