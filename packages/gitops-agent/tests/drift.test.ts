import { configMaps, events, jobs, type ConfigMap, type Event } from '@plinth/api';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, world, type World } from './world.ts';

const key = (name: string) => ({ namespace: 'default', name });
const find = (of: World, name: string) => of.plane.client.find<ConfigMap>(configMaps, key(name));
const edit = (of: World, name: string, patch: object, fieldManager: string) => of.plane.client.patch<ConfigMap>(configMaps, key(name), 'merge', patch, { fieldManager });
const said = async (of: World): Promise<readonly Event[]> => (await of.plane.client.list<Event>(events, { namespace: 'flux-system' })).items;

/** The interval is ten minutes: what is noticed here is noticed by events. */
async function running(w: World, files: Readonly<Record<string, string>>): Promise<void> {
  const commit = await w.push(files);
  await w.startAgent();
  await w.createSource();
  await w.createUnit('apps');
  await w.settled('apps', commit);
}

describe('an applied object', () => {
  it('that somebody deletes is there again at once, and the Kustomization says why', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) });
    const before = await find(w, 'a');
    await w.plane.client.delete(configMaps, key('a'));
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '1' }), { timeoutMs: 1_000 });
    expect((await find(w, 'a'))?.metadata.uid).not.toBe(before?.metadata.uid);
    await eventually(async () => expect((await said(w)).map(({ note }) => note)).toContain('ConfigMap/default/a created, somebody had deleted it'));
  });

  it('that somebody edits is put back, with what kubectl added to it, and so is a label that was taken away', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) });
    await edit(w, 'a', { data: { x: 'edited', y: 'added' } }, 'kubectl-edit');
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '1' }));
    await eventually(async () => expect((await said(w)).map(({ note }) => note)).toContain('ConfigMap/default/a configured, kubectl-edit had changed it'));
    await edit(w, 'a', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': null, 'kustomize.toolkit.fluxcd.io/namespace': null } } }, 'somebody');
    await eventually(async () => expect((await find(w, 'a'))?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name']).toBe('apps'));
  });

  it('is left alone while others write what is theirs', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }), 'b.yaml': configMap('b', { x: '1' }) });
    const theirs = await edit(w, 'a', { data: { y: 'theirs' } }, 'some-controller');
    // That of the other one was seen later.
    await edit(w, 'b', { data: { x: 'edited' } }, 'some-controller');
    await eventually(async () => expect((await find(w, 'b'))?.data).toEqual({ x: '1' }));
    const now = await find(w, 'a');
    expect(now?.data).toEqual({ x: '1', y: 'theirs' });
    expect(now?.metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
  });

  it('stays away when it is a Job that goes by itself', async () => {
    await using w = await world();
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'default' }, spec: { ttlSecondsAfterFinished: 60, suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'nope' }] } } } };
    const other = { ...job, metadata: { name: 'k', namespace: 'default' }, spec: { ...job.spec, ttlSecondsAfterFinished: undefined } };
    await running(w, { 'j.yaml': JSON.stringify(job), 'k.yaml': JSON.stringify(other) });
    const of = (name: string) => w.plane.client.find(jobs, key(name));
    const before = (await of('k'))?.metadata.uid;
    for (const name of ['j', 'k']) await w.plane.client.delete(jobs, key(name), { propagationPolicy: 'Background' });
    // Both are of one watch: what was seen first was judged first.
    await eventually(async () => expect([undefined, before]).not.toContain((await of('k'))?.metadata.uid));
    expect(await of('j')).toBeUndefined();
  });

  it('that another program insists on is left to it for longer and longer', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) });
    let putBack = 0;
    await eventually(async () => {
      const now = await find(w, 'a');
      if (now?.data?.['x'] === '1') {
        putBack += 1;
        await edit(w, 'a', { data: { x: `${putBack}th` } }, 'rival');
      }
      expect((await said(w)).map(({ reason }) => reason)).toContain('DriftContested');
    });
    // What was applied at first, and three times at once.
    expect(putBack).toBe(4);
    expect((await said(w)).find(({ reason }) => reason === 'DriftContested')?.note).toBe('ConfigMap/default/a is not as the source wants it for the 4th time in short: rival had changed it; it is put back in 1s');
  });

  it('of a kind that is pruned away is watched no longer, and what comes later is', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) });
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\nstringData: {x: "1"}\n';
    await w.settled('apps', await w.push({ 'a.yaml': undefined, 's.yaml': secret }));
    await w.settled('apps', await w.push({ 'a.yaml': configMap('a', { x: '2' }), 's.yaml': undefined }));
    expect(await find(w, 'a')).toBeDefined();
    await w.plane.client.delete(configMaps, key('a'));
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '2' }), { timeoutMs: 1_000 });
  });
});
