import { jobs, pods, type Job, type Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { findSandbox } from '../src/index.ts';
import { startWorld } from './world.ts';

const host = new URL('./fixtures/step-host.ts', import.meta.url);
const module = new URL('./fixtures/step.ts', import.meta.url);
const job = (name: string, initContainers: readonly object[], spec: object = {}): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace: 'default', name },
    spec: {
      backoffLimit: 1,
      template: { spec: { restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 1, initContainers, containers: [{ name: 'main', image: 'step', args: ['thread'] }], volumes: [{ name: 'out', emptyDir: {} }] } },
      ...spec,
    },
  }) as KubeObject as Job;
const mount = [{ name: 'out', mountPath: '/out' }];

describe('a Job of steps and commands', () => {
  it('hands files from a step to a command of this machine, which has a token of its account', async () => {
    const sandbox = await findSandbox();
    if (sandbox.type === 'none') return console.warn(`not tested: ${sandbox.why}`);
    await using world = await startWorld({ steps: { host }, catalogue: (image) => (image === 'step' ? { runtime: 'step', module } : image === 'sh' ? { runtime: 'host' } : undefined) });
    const { client } = world.plane;
    await client.create(
      jobs,
      job('mixed', [
        { name: 'write', image: 'step', args: ['hello'], env: [{ name: 'NAME', value: 'ann' }], volumeMounts: mount },
        { name: 'read', image: 'sh', command: ['sh', '-c'], args: ['cat /out/file; echo; cut -c1-2 /var/run/secrets/kubernetes.io/serviceaccount/token; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace'], volumeMounts: mount },
      ]),
    );
    await eventually(async () => expect((await client.get<Job>(jobs, { namespace: 'default', name: 'mixed' })).status?.succeeded).toBe(1));
    const [pod] = (await client.list<Pod>(pods, { namespace: 'default' })).items;
    const log = await client.request({ method: 'GET', path: `/api/v1/namespaces/default/pods/${pod!.metadata.name}/log`, query: { container: 'read' } });
    expect(log.body).toBe('content\ney\ndefault\n');
  });

  it('is not held up by another whose step hangs, and ends that one at its deadline', async () => {
    await using world = await startWorld({ steps: { host, target: 1, slowMs: 20 }, catalogue: () => ({ runtime: 'step', module }) });
    const { client } = world.plane;
    await client.create(jobs, job('hangs', [{ name: 'hang', image: 'step', args: ['hang'] }], { activeDeadlineSeconds: 2 }));
    await client.create(jobs, job('works', [{ name: 'fine', image: 'step', args: ['thread'] }]));
    await eventually(async () => expect((await client.get<Job>(jobs, { namespace: 'default', name: 'works' })).status?.succeeded).toBe(1));
    await eventually(async () => {
      const hung = await client.get<Job>(jobs, { namespace: 'default', name: 'hangs' });
      expect(hung.status?.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({ status: 'True', reason: 'DeadlineExceeded' });
      const left = (await client.list<Pod>(pods, { namespace: 'default', labelSelector: 'job-name=hangs' })).items;
      expect(left).toEqual([]);
    });
  });
});
