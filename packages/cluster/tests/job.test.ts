import { jobs, pods, type Job, type Pod } from '@plinth/api';
import { eventually } from '@plinth/testing';
import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CatalogueEntry, Program } from '../src/index.ts';
import { startWorld } from './world.ts';

const programs = (all: Readonly<Record<string, Program>>) => (image: string): CatalogueEntry | undefined =>
  Object.hasOwn(all, image) ? { runtime: 'program', run: all[image]! } : undefined;

const job = (name: string, spec: object, more: object = {}): Job =>
  ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'default' }, spec: { template: { spec: { restartPolicy: 'OnFailure', ...spec } }, ...more } }) as Job;

describe('a Job', () => {
  it('runs its init containers in order, hands files on and completes', async () => {
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
    const from = performance.now();
    await client.create(
      jobs,
      job('work', {
        initContainers: [
          { name: 'one', image: 'writer', volumeMounts: mount },
          { name: 'two', image: 'writer', volumeMounts: mount },
        ],
        containers: [{ name: 'main', image: 'reader', volumeMounts: [{ name: 'shared', mountPath: '/in' }] }],
        volumes: [{ name: 'shared', emptyDir: {} }],
      }),
    );
    const done = await eventually(async () => {
      const now = await client.get<Job>(jobs, { namespace: 'default', name: 'work' });
      expect(now.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(['SuccessCriteriaMet=True', 'Complete=True']);
      return now;
    });
    console.log('took', performance.now() - from);
    expect(ran).toEqual(['one', 'two']);
    expect(done.status).toMatchObject({ succeeded: 1, ready: 0 });
    const [pod] = (await client.list<Pod>(pods, { namespace: 'default' })).items;
    expect(pod!.metadata.name).toMatch(/^work-[a-z0-9]{5}$/);
    expect(pod!.status?.phase).toBe('Succeeded');
    expect(pod!.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual(['Completed', 'Completed']);
    const log = await client.request({ method: 'GET', path: `/api/v1/namespaces/default/pods/${pod!.metadata.name}/log`, query: { container: 'one' } });
    expect(log.body).toBe('hello from one\n');
  });
});
