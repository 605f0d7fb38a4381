import { configMaps, type ConfigMap } from '@plinth/api';
import { until } from '@plinth/client';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, ready, world } from './world.ts';

const find = (of: Awaited<ReturnType<typeof world>>, name: string) => of.plane.client.find<ConfigMap>(configMaps, { namespace: 'default', name });

describe('the agent', () => {
  it('applies what is pushed, says so, and deletes what is removed', async () => {
    await using w = await world();
    const commit = await w.push({ 'worker/a.yaml': configMap('a', { x: '1' }), 'worker/deep/b.yaml': configMap('b', { x: '1' }) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { path: './worker' });

    const unit = await w.settled('apps', commit);
    expect(ready(unit)?.message).toBe(`Applied revision: main@sha1:${commit}`);
    expect(unit.status?.inventory?.entries).toEqual([
      { id: 'default_a__ConfigMap', v: 'v1' },
      { id: 'default_b__ConfigMap', v: 'v1' },
    ]);
    expect((await find(w, 'a'))?.metadata.labels).toEqual({ 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' });
    // The artifact is applied while it goes to disk; the status names it when it is there.
    await eventually(async () => expect(ready(await w.source())?.message).toBe(`stored artifact for revision 'main@sha1:${commit}'`));
    expect((await w.source()).status?.artifact).toMatchObject({ revision: `main@sha1:${commit}`, path: 'gitrepository/flux-system/kratix.git', url: `git+${w.git.url}/gitea_admin/kratix@${commit}` });

    const next = await w.push({ 'worker/a.yaml': configMap('a', { x: '2' }), 'worker/deep': undefined });
    await w.settled('apps', next);
    expect((await find(w, 'a'))?.data).toEqual({ x: '2' });
    await eventually(async () => expect(await find(w, 'b')).toBeUndefined());
  });

  it('has a push in the cluster within tens of milliseconds', async () => {
    await using w = await world();
    await w.push({ 'a.yaml': configMap('a', { x: '0' }) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '0' }));
    const times: number[] = [];
    for (let i = 1; i <= 5; i += 1) {
      let pushedAt = 0;
      const end = w.git.onRefUpdate(() => (pushedAt = performance.now()));
      const applied = until<ConfigMap>(w.plane.client, configMaps, { namespace: 'default', name: 'a' }, (now) => now?.data?.['x'] === String(i), { timeoutMs: 5000 }).then(() => performance.now());
      await w.push({ 'a.yaml': configMap('a', { x: String(i) }) });
      times.push((await applied) - pushedAt);
      end();
    }
    // Some milliseconds on an idle machine; this is the bound for a busy one.
    expect(times.toSorted((x, y) => x - y)[2]).toBeLessThan(100);
  });
});
