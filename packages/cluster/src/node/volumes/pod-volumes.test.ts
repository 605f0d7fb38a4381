import type { ConfigMap, Pod } from '@plinth/api';
import { silentLogger, systemClock } from '@plinth/controller-runtime';
import { eventually, fakeClock, tempDir } from '@plinth/testing';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NodeContext } from '../node-context.ts';
import { ensureNodeDirectories } from '../pod-directory.ts';
import { createPodVolumes } from './pod-volumes.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: 'default', uid: 'u' }, spec: { containers: [], volumes: [{ name: 'empty', emptyDir: {} }, { name: 'settings', configMap: { name: 'settings' } }] } } as unknown as Pod;

const podWithToken = {
  ...pod,
  spec: {
    containers: [{ name: 'main', image: 'x', volumeMounts: [{ name: 'settings', mountPath: '/token' }] }],
    volumes: [{ name: 'settings', projected: { sources: [{ serviceAccountToken: { path: 'a' } }] } }],
  },
} as unknown as Pod;

/** The volumes of a pod; `find` answers for its ConfigMap. */
async function world(find: () => Promise<Pick<ConfigMap, 'data'> | undefined>) {
  return worldOf(pod, { client: { find }, clock: systemClock });
}

async function worldOf(pod: Pod, parts: { readonly client: object; readonly clock: NodeContext['clock'] }) {
  const dir = await tempDir();
  const directories = ensureNodeDirectories(dir.path);
  const context = { ...parts, log: silentLogger, directories, catalogue: () => undefined, allowedHostPaths: [] } as unknown as NodeContext;
  const told: string[] = [];
  const volumes = createPodVolumes(
    {
      pod: () => pod,
      podIP: () => '127.0.0.1',
      notes: { note: (_type, _reason, message) => void told.push(message), noteStart: () => {}, close: () => {} },
      signal: new AbortController().signal,
      made: () => told.push('made'),
      failed: (isMissing) => told.push(isMissing ? 'failed for want of something' : 'failed'),
    },
    context,
  );
  const root = join(directories.pods, 'u');
  return { volumes, told, root, shown: () => readFileSync(join(root, 'volumes/settings/a'), 'utf8'), [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

describe(createPodVolumes, () => {
  it('is closed when nothing is being written any more', async () => {
    const answer = Promise.withResolvers<Pick<ConfigMap, 'data'>>();
    await using pending = await world(() => answer.promise);
    const { volumes, root } = pending;
    volumes.prepare();
    let isClosed = false;
    const closed = volumes.close().then(() => (isClosed = true));
    await eventually(() => expect(existsSync(join(root, 'volumes/empty'))).toBe(true));
    expect(isClosed).toBe(false);
    answer.resolve({ data: { a: 'b' } });
    await closed;
    rmSync(root, { recursive: true });
    volumes.prepare();
    volumes.refresh();
    await volumes.close();
    expect(existsSync(root)).toBe(false);
  });

  it('shows at once what changed while they were being made', async () => {
    const first = Promise.withResolvers<Pick<ConfigMap, 'data'>>();
    let asked = 0;
    await using made = await world(async () => ((asked += 1) === 1 ? first.promise : { data: { a: 'new' } }));
    made.volumes.prepare();
    await eventually(() => expect(asked).toBe(1));
    made.volumes.refresh();
    first.resolve({ data: { a: 'old' } });
    await eventually(() => expect(made.shown()).toBe('new'));
    expect([made.told, asked]).toEqual([['made'], 2]);
    await made.volumes.close();
  });

  it('looks again when what was missing came while it was looked for', async () => {
    const first = Promise.withResolvers<undefined>();
    let asked = 0;
    await using made = await world(async () => ((asked += 1) === 1 ? first.promise : { data: { a: 'there' } }));
    made.volumes.prepare();
    await eventually(() => expect(asked).toBe(1));
    made.volumes.refresh();
    first.resolve(undefined);
    await eventually(() => expect(made.told).toContain('made'));
    expect(made.shown()).toBe('there');
    expect(made.told[0]).toBe('MountVolume.SetUp failed for volume "settings" : configmap "settings" not found');
    await made.volumes.close();
  });

  it('asks again soon for a token that it did not get, at first and when the one before ends', async () => {
    const clock = fakeClock();
    const statuses = [503, 201, 500, 503];
    let asked = 0;
    const request = async (): Promise<object> => {
      asked += 1;
      const status = statuses.shift() ?? 201;
      return { status, body: status === 201 ? { status: { token: `token ${asked}` } } : { message: 'not now' } };
    };
    await using made = await worldOf(podWithToken, { client: { request }, clock });
    made.volumes.prepare();
    const refused = 'MountVolume.SetUp failed for volume "settings" : failed to fetch token for service account default/default: not now';
    await eventually(() => expect(made.told).toEqual([refused, 'failed']));
    made.volumes.prepare();
    await eventually(() => expect(made.told.slice(2)).toEqual(['made']));
    await clock.advance(3600 * 0.8 * 1000);
    await eventually(() => expect(made.told.slice(3)).toEqual([refused]));
    await clock.advance(2000);
    await eventually(() => expect(made.told.slice(3)).toEqual([refused, refused]));
    await clock.advance(2000);
    await eventually(() => expect(made.shown()).toBe('token 5'));
    await made.volumes.close();
    expect(clock.pending).toBe(0);
  });
});
