import { writeFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { configMaps, gitRepositories, kustomizations, pods, secrets, type ConfigMap, type Kustomization, type Pod, type Secret } from '@plinth/api';
import { findCondition } from '@plinth/controller-runtime';
import { eventually, leakCheck, tempDir } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, ready, world, type World } from './world.ts';

const NAMESPACE = 'flux-system';
const find = (of: World, name: string) => of.plane.client.find<ConfigMap>(configMaps, { namespace: 'default', name });
const annotate = (of: World, resource: typeof kustomizations | typeof gitRepositories, name: string, value: string) =>
  of.plane.client.patch(resource, { namespace: NAMESPACE, name }, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': value } } });

async function running(w: World, files: Readonly<Record<string, string>>, spec: Partial<NonNullable<Kustomization['spec']>> = {}): Promise<string> {
  const commit = await w.push(files);
  await w.startAgent();
  await w.createSource();
  await w.createUnit('apps', spec);
  await w.settled('apps', commit);
  return commit;
}

describe('drift', () => {
  it('that only adds something is removed at the next interval when it is of kubectl', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) }, { interval: '200ms' });
    await w.plane.client.patch(configMaps, { namespace: 'default', name: 'a' }, 'merge', { data: { y: 'added' } }, { fieldManager: 'kubectl-edit' });
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '1' }));
  });

  it('of fields that the source does not name stays with who set them', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) }, { interval: '100ms' });
    await w.plane.client.patch(configMaps, { namespace: 'default', name: 'a' }, 'merge', { data: { y: 'theirs' } }, { fieldManager: 'some-controller' });
    await annotate(w, kustomizations, 'apps', 'now');
    await eventually(async () => expect((await w.unit('apps')).status?.lastHandledReconcileAt).toBe('now'));
    expect((await find(w, 'a'))?.data).toEqual({ x: '1', y: 'theirs' });
  });

  it('leaves the status alone while nothing changes', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', { x: '1' }) }, { interval: '20ms' });
    const before = (await w.unit('apps')).metadata.resourceVersion;
    await w.plane.client.delete(configMaps, { namespace: 'default', name: 'a' });
    // Twice put back: several intervals went by.
    await eventually(async () => expect(await find(w, 'a')).toBeDefined());
    await w.plane.client.delete(configMaps, { namespace: 'default', name: 'a' });
    await eventually(async () => expect(await find(w, 'a')).toBeDefined());
    expect((await w.unit('apps')).metadata.resourceVersion).toBe(before);
  });
});

describe('pruning', () => {
  it('leaves objects that ask to be kept, and objects that belong to another Kustomization by now', async () => {
    await using w = await world();
    const first = await running(w, { 'one/keep.yaml': configMap('keep', {}), 'one/moved.yaml': configMap('moved', {}), 'one/c.yaml': configMap('c', {}), 'two/d.yaml': configMap('d', {}) }, { path: 'one' });
    await w.plane.client.patch(configMaps, { namespace: 'default', name: 'keep' }, 'merge', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' } } });
    await w.createUnit('other', { path: 'two' });
    await w.settled('other', first);
    await w.plane.client.patch(configMaps, { namespace: 'default', name: 'moved' }, 'merge', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'other' } } });
    const second = await w.push({ 'one/keep.yaml': undefined, 'one/moved.yaml': undefined, 'two/moved.yaml': configMap('moved', {}) });
    const unit = await w.settled('apps', second);
    await w.settled('other', second);
    expect(unit.status?.inventory?.entries.map(({ id }) => id)).toEqual(['default_c__ConfigMap']);
    expect(await find(w, 'keep')).toBeDefined();
    expect((await find(w, 'moved'))?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name']).toBe('other');
  });

  it('does not happen with prune: false', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', {}), 'b.yaml': configMap('b', {}) }, { prune: false });
    await w.settled('apps', await w.push({ 'b.yaml': undefined }));
    expect(await find(w, 'b')).toBeDefined();
  });
});

describe('deleting a Kustomization', () => {
  it('deletes what it applied, and then it is gone', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', {}) });
    await w.plane.client.delete(kustomizations, { namespace: NAMESPACE, name: 'apps' });
    await eventually(async () => expect(await w.plane.client.find(kustomizations, { namespace: NAMESPACE, name: 'apps' })).toBeUndefined());
    expect(await find(w, 'a')).toBeUndefined();
  });

  it('leaves everything when it is suspended', async () => {
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', {}) });
    await w.plane.client.patch(kustomizations, { namespace: NAMESPACE, name: 'apps' }, 'merge', { spec: { suspend: true } });
    await w.plane.client.delete(kustomizations, { namespace: NAMESPACE, name: 'apps' });
    await eventually(async () => expect(await w.plane.client.find(kustomizations, { namespace: NAMESPACE, name: 'apps' })).toBeUndefined());
    expect(await find(w, 'a')).toBeDefined();
  });
});

describe('dependsOn', () => {
  it('holds an application back until its definitions are there, and then lets it go at once', async () => {
    await using w = await world();
    const commit = await w.push({ 'deps/a.yaml': configMap('a', {}), 'apps/b.yaml': configMap('b', {}) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { path: 'apps', dependsOn: [{ name: 'deps' }] });
    await eventually(async () =>
      expect(ready(await w.unit('apps'))).toMatchObject({ reason: 'DependencyNotReady', message: `dependency 'flux-system/deps' not found: kustomizations.kustomize.toolkit.fluxcd.io "deps" not found` }),
    );
    expect(await find(w, 'b')).toBeUndefined();
    await w.createUnit('deps', { path: 'deps' });
    await w.settled('apps', commit);
    const next = await w.push({ 'deps/a.yaml': configMap('a', { x: '2' }), 'apps/b.yaml': configMap('b', { x: '2' }) });
    await w.settled('apps', next);
    expect((await find(w, 'a'))?.data).toEqual({ x: '2' });
  });
});

describe('health checks', () => {
  const pod = (image: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {containers: [{name: c, image: "${image}"}]}\n`;

  it('hold Ready back until the object is healthy; a newer revision does not wait for them', async () => {
    await using w = await world();
    const first = await w.push({ 'p.yaml': pod('one') });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { wait: true, timeout: '10m' });
    await eventually(async () => expect(findCondition((await w.unit('apps')).status?.conditions, 'Healthy')?.status).toBe('Unknown'));
    expect(ready(await w.unit('apps'))?.status).toBe('Unknown');

    const second = await w.push({ 'p.yaml': pod('two'), 'q.yaml': configMap('q', {}) });
    await eventually(async () => expect((await w.plane.client.get<Pod>(pods, { namespace: 'default', name: 'p' })).spec?.containers[0]?.image).toBe('two'));
    await w.plane.client.patch(pods, { namespace: 'default', name: 'p' }, 'merge', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status' });
    const unit = await w.settled('apps', second);
    expect(findCondition(unit.status?.conditions, 'Healthy')).toMatchObject({ status: 'True', message: expect.stringMatching(/^Health check passed in /) as string });
    expect(unit.status?.lastAppliedRevision).not.toContain(first);
  });

  it('say which object failed', async () => {
    await using w = await world();
    await w.push({ 'p.yaml': pod('one') });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { healthChecks: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'default' }] });
    await eventually(async () => expect(await w.plane.client.find(pods, { namespace: 'default', name: 'p' })).toBeDefined());
    await w.plane.client.patch(pods, { namespace: 'default', name: 'p' }, 'merge', { status: { phase: 'Failed' } }, { subresource: 'status' });
    await eventually(async () =>
      expect(ready(await w.unit('apps'))).toMatchObject({ reason: 'HealthCheckFailed', message: "failed early due to stalled resources: [Pod/default/p status: 'Failed']" }),
    );
  });
});

describe('a restart', () => {
  it('loses no artifact: without the git server drift is still put back', async () => {
    await using w = await world();
    const commit = await w.push({ 'a.yaml': configMap('a', { x: '1' }) });
    const agent = await w.startAgent();
    await w.createSource({ interval: '100ms' });
    await w.createUnit('apps', { interval: '100ms' });
    await w.settled('apps', commit);
    await agent[Symbol.asyncDispose]();
    await w.git[Symbol.asyncDispose]();
    await w.plane.client.delete(configMaps, { namespace: 'default', name: 'a' });
    await w.startAgent();
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '1' }));
    await eventually(async () => expect(findCondition((await w.source()).status?.conditions, 'FetchFailed')).toMatchObject({ status: 'True', reason: 'GitOperationFailed' }));
    expect((await w.source()).status?.artifact?.revision).toBe(`main@sha1:${commit}`);
    expect(ready(await w.unit('apps'))?.status).toBe('True');
  });

  it('forgets no object that a killed process had applied and not yet noted', async () => {
    await using w = await world();
    const commit = await w.push({ 'a.yaml': configMap('a', {}), 'b.yaml': configMap('b', {}) });
    const agent = await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', commit);
    await agent[Symbol.asyncDispose]();
    await w.plane.client.patch(kustomizations, { namespace: NAMESPACE, name: 'apps' }, 'merge', { status: { inventory: { entries: [{ id: 'default_a__ConfigMap', v: 'v1' }] } } }, { subresource: 'status' });
    const next = await w.push({ 'b.yaml': undefined });
    await w.startAgent();
    await w.settled('apps', next);
    expect(await find(w, 'b')).toBeUndefined();
    expect(await find(w, 'a')).toBeDefined();
  });

  it('with a damaged or lost data directory fetches again', async () => {
    await using w = await world();
    await using dir = await tempDir();
    const commit = await w.push({ 'a.yaml': configMap('a', { x: '1' }) });
    const agent = await w.startAgent({ dataDir: dir.path });
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', commit);
    await agent[Symbol.asyncDispose]();
    const repository = join(dir.path, 'gitrepository/flux-system/kratix.git');
    await rm(join(repository, 'refs'), { recursive: true });
    await rm(join(repository, 'objects'), { recursive: true });
    await mkdir(join(repository, 'objects/pack'), { recursive: true });
    await writeFile(join(repository, 'HEAD'), 'nonsense');
    const next = await w.push({ 'a.yaml': configMap('a', { x: '2' }) });
    await w.startAgent({ dataDir: dir.path });
    await w.settled('apps', next);
    expect((await find(w, 'a'))?.data).toEqual({ x: '2' });
  });
});

describe('sources', () => {
  it('without a word from the server are polled at their interval', async () => {
    await using w = await world();
    const { openGitRemote } = await import('../src/source/git-client.ts');
    const deaf: typeof openGitRemote = (address) => {
      const remote = openGitRemote(address);
      return {
        listRefs: (prefixes, signal) => remote.listRefs(prefixes, signal),
        fetch: (want, signal) => remote.fetch(want, signal),
        follow: async function* () {},
        [Symbol.dispose]: () => remote[Symbol.dispose](),
      };
    };
    await w.push({ 'a.yaml': configMap('a', { x: '1' }) });
    await w.startAgent({ openRemote: deaf });
    await w.createSource({ interval: '50ms' });
    await w.createUnit('apps');
    await eventually(async () => expect((await find(w, 'a'))?.data).toEqual({ x: '1' }));
    await w.settled('apps', await w.push({ 'a.yaml': configMap('a', { x: '2' }) }));
  });

  it('say what is wrong with a branch, a URL or credentials, and mend when it is put right', async () => {
    await using w = await world();
    const commit = await w.push({ 'a.yaml': configMap('a', { x: '1' }) });
    await w.startAgent();
    await w.createSource({ ref: { branch: 'nope' }, secretRef: { name: 'gitea-credentials' } });
    await w.createUnit('apps');
    const says = (reason: string, message: RegExp) =>
      eventually(async () => expect(ready(await w.source())).toMatchObject({ status: 'False', reason, message: expect.stringMatching(message) as string }));
    await says('AuthenticationFailed', /^failed to get secret 'flux-system\/gitea-credentials': secrets "gitea-credentials" not found$/);
    await w.plane.client.create<Secret>(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'gitea-credentials', namespace: NAMESPACE },
      data: { username: Buffer.from('writer').toString('base64'), password: Buffer.from('wrong').toString('base64') },
    });
    await annotate(w, gitRepositories, 'kratix', '1');
    await says('AuthenticationFailed', /401/);
    await w.plane.client.patch(secrets, { namespace: NAMESPACE, name: 'gitea-credentials' }, 'merge', { data: { password: Buffer.from('secret').toString('base64') } });
    await annotate(w, gitRepositories, 'kratix', '2');
    await says('GitOperationFailed', /^failed to checkout and determine revision: couldn't find branch nope in http:/);
    expect((await w.source()).status?.lastHandledReconcileAt).toBe('2');
    expect(ready(await w.unit('apps'))?.reason).toBe('ArtifactFailed');
    await w.plane.client.patch(gitRepositories, { namespace: NAMESPACE, name: 'kratix' }, 'merge', { spec: { ref: { branch: 'main' } } });
    await w.settled('apps', commit);
    await eventually(async () => expect((await w.source()).status?.conditions?.map(({ type, status }) => `${type}=${status}`).toSorted()).toEqual(['ArtifactInStorage=True', 'Ready=True']));
  });
});

describe('manifests', () => {
  it('get variables, namespaces and labels from the Kustomization', async () => {
    await using w = await world();
    const file = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${app}-config"}\ndata: {env: "${env:=dev}", literal: "$${kept}", plain: $notavariable}\n';
    await running(w, { 'a.yaml': file }, { targetNamespace: 'default', postBuild: { substitute: { app: 'shop' } }, commonMetadata: { labels: { team: 'acid' } } });
    expect(await find(w, 'shop-config')).toMatchObject({ data: { env: 'dev', literal: '${kept}', plain: '$notavariable' }, metadata: { labels: { team: 'acid' } } });
  });

  it('are chosen by a kustomization.yaml where there is one', async () => {
    await using w = await world();
    const commit = await w.push({
      'apps/kustomization.yaml': 'resources: [a.yaml, ../shared]\nnamespace: default\ncommonAnnotations: {from: kustomize}\n',
      'apps/a.yaml': configMap('a', {}),
      'apps/ignored.yaml': configMap('ignored', {}),
      'shared/b.yaml': configMap('b', {}),
    });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { path: 'apps' });
    const unit = await w.settled('apps', commit);
    expect(unit.status?.inventory?.entries.map(({ id }) => id)).toEqual(['default_a__ConfigMap', 'default_b__ConfigMap']);
    expect((await find(w, 'b'))?.metadata.annotations).toEqual({ from: 'kustomize' });
  });

  it('with features that the agent does not know are refused by name', async () => {
    await using w = await world();
    await w.push({ 'a.yaml': configMap('a', {}) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { serviceAccountName: 'tenant' });
    await eventually(async () => expect(ready(await w.unit('apps'))).toMatchObject({ status: 'False', message: 'spec.serviceAccountName not supported by this agent, remove it' }));
    expect(await find(w, 'a')).toBeUndefined();
  });

  it('in hundreds of files are applied together, and one change of them costs one', async () => {
    await using w = await world();
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`many/${i % 30}/c${i}.yaml`, configMap(`c${i}`, { x: '1' })]));
    await running(w, files, { path: 'many' });
    expect((await w.unit('apps')).status?.inventory?.entries).toHaveLength(300);
    const before = await find(w, 'c1');
    await w.settled('apps', await w.push({ 'many/0/c0.yaml': configMap('c0', { x: '2' }) }));
    expect((await find(w, 'c0'))?.data).toEqual({ x: '2' });
    expect((await find(w, 'c1'))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  });
});

describe('the agent', () => {
  it('leaves nothing running', async () => {
    await using _leaks = leakCheck();
    await using w = await world();
    await running(w, { 'a.yaml': configMap('a', {}) });
  });
});
