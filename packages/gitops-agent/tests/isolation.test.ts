import { parseYaml } from '@plinth/apimachinery';
import { configMaps, customResourceDefinitions, secrets, type ConfigMap, type Secret } from '@plinth/api';
import { findCondition } from '@plinth/controller-runtime';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, ready, world } from './world.ts';

const find = (of: Awaited<ReturnType<typeof world>>, name: string) => of.plane.client.find<ConfigMap>(configMaps, { namespace: 'default', name });

const widgets = { group: 'example.org', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const widgetCrd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`;
const widget = (name: string, size: unknown, namespace = 'default'): string =>
  `apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {size: ${JSON.stringify(size)}}\n`;

describe('one bad thing among good ones', () => {
  it('a file that is no YAML is reported; the others are applied, and what it held stays', async () => {
    await using w = await world();
    const first = await w.push({ 'good.yaml': configMap('good', { x: '1' }), 'tenant.yaml': configMap('tenant', { x: '1' }) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', first);

    const broken = await w.push({ 'good.yaml': configMap('good', { x: '2' }), 'tenant.yaml': 'a: [1', 'new.yaml': configMap('new', { x: '1' }) });
    const unit = await w.settled('apps', broken, 'False');
    expect(ready(unit)).toMatchObject({ reason: 'ReconciliationFailed', message: expect.stringMatching(/^failed to decode Kubernetes YAML from tenant.yaml: /) as string });
    expect(unit.status?.lastAppliedRevision).toBe(`main@sha1:${first}`);
    expect((await find(w, 'good'))?.data).toEqual({ x: '2' });
    expect((await find(w, 'new'))?.data).toEqual({ x: '1' });
    expect((await find(w, 'tenant'))?.data).toEqual({ x: '1' });
    expect(unit.status?.inventory?.entries.map(({ id }) => id).toSorted()).toEqual(['default_good__ConfigMap', 'default_new__ConfigMap', 'default_tenant__ConfigMap']);

    const removed = await w.push({ 'tenant.yaml': undefined, 'good.yaml': undefined });
    await w.settled('apps', removed);
    expect(await find(w, 'tenant')).toBeUndefined();
    expect(await find(w, 'good')).toBeUndefined();
    expect(await find(w, 'new')).toBeDefined();
  });

  it('an object that the API refuses is named with its reason; the others are applied and pruned', async () => {
    await using w = await world();
    const first = await w.push({ 'crd.yaml': widgetCrd, 'ok.yaml': widget('ok', 1), 'old.yaml': widget('old', 1) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', first);
    const second = await w.push({ 'ok.yaml': widget('ok', 2), 'bad.yaml': widget('bad', 'big'), 'old.yaml': undefined });
    const unit = await w.settled('apps', second, 'False');
    expect(ready(unit)?.message).toMatch(/^Widget\/default\/bad dry-run failed \(Invalid\): Widget\.example\.org "bad" is invalid: spec\.size: /);
    expect(await w.plane.client.get(widgets, { namespace: 'default', name: 'ok' })).toMatchObject({ spec: { size: 2 } });
    expect(await w.plane.client.find(widgets, { namespace: 'default', name: 'old' })).toBeUndefined();
    expect(unit.status?.inventory?.entries.map(({ id }) => id)).toEqual(['_widgets.example.org_apiextensions.k8s.io_CustomResourceDefinition', 'default_ok_example.org_Widget']);
  });

  it('an object whose kind or namespace is missing is applied as soon as that appears', async () => {
    await using w = await world();
    const commit = await w.push({ 'w.yaml': widget('w', 1, 'later') });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    const unit = await w.settled('apps', commit, 'False');
    expect(ready(unit)?.message).toBe('Widget/later/w dry-run failed: no matches for kind "Widget" in version "example.org/v1"');

    await w.plane.client.create(customResourceDefinitions, parseYaml(widgetCrd) as never);
    await eventually(async () => expect(ready(await w.unit('apps'))?.message).toBe('Widget/later/w not found: namespaces "later" not found'));
    await w.plane.client.create({ group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'later' } });
    await w.settled('apps', commit);
    expect(await w.plane.client.find(widgets, { namespace: 'later', name: 'w' })).toBeDefined();
  });

  it('an object that comes back while it is being deleted is made again when it is gone', async () => {
    await using w = await world();
    const first = await w.push({ 'a.yaml': configMap('a', { v: '1' }), 'b.yaml': configMap('b', { v: '1' }) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', first);
    const key = { namespace: 'default', name: 'a' };
    await w.plane.client.patch(configMaps, key, 'merge', { metadata: { finalizers: ['example.org/hold'] } });
    await w.settled('apps', await w.push({ 'a.yaml': undefined }));
    const again = await w.push({ 'a.yaml': configMap('a', { v: '2' }), 'b.yaml': configMap('b', { v: '2' }) });
    expect(ready(await w.settled('apps', again, 'False'))?.message).toBe('ConfigMap/default/a is being deleted; it is made again when it is gone');
    expect((await w.plane.client.get<ConfigMap>(configMaps, { namespace: 'default', name: 'b' })).data).toEqual({ v: '2' });
    await w.plane.client.patch(configMaps, key, 'merge', { metadata: { finalizers: null } });
    await w.settled('apps', again);
    expect((await w.plane.client.get<ConfigMap>(configMaps, key)).data).toEqual({ v: '2' });
  });

  it('an object that two files define is left alone, unless one of them had it first', async () => {
    await using w = await world();
    const first = await w.push({ 'z.yaml': configMap('x', { from: 'z' }) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    await w.settled('apps', first);
    const second = await w.push({ 'a.yaml': configMap('x', { from: 'a' }) + '---\n' + configMap('y', {}) });
    const unit = await w.settled('apps', second, 'False');
    expect(ready(unit)?.message).toBe('kustomize build failed: ConfigMap/default/x is defined in a.yaml and in z.yaml; that in z.yaml counts');
    expect((await find(w, 'x'))?.data).toEqual({ from: 'z' });
    expect(await find(w, 'y')).toBeDefined();
  });

  it('a Kustomization that depends on a partly applied one goes on', async () => {
    await using w = await world();
    const first = await w.push({ 'deps/crd.yaml': widgetCrd, 'apps/w.yaml': widget('w', 1) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { path: 'apps', dependsOn: [{ name: 'deps' }] });
    await w.createUnit('deps', { path: 'deps' });
    await w.settled('apps', first);
    const second = await w.push({ 'deps/bad.yaml': 'x: [', 'apps/w.yaml': widget('w', 2) });
    const deps = await w.settled('deps', second, 'False');
    expect(findCondition(deps.status?.conditions, 'PartiallyApplied')?.status).toBe('True');
    await w.settled('apps', second);
  });

  it('does not show what is in a Secret that was refused', async () => {
    await using w = await world();
    const commit = await w.push({ 's.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\ndata: {password: "hunter2 is not base64!"}\n' });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps');
    const unit = await w.settled('apps', commit, 'False');
    expect(ready(unit)?.message).toMatch(/^Secret\/default\/s dry-run failed \(\w+\): the Secret was refused.*its values are not shown$/);
    expect(JSON.stringify(unit)).not.toContain('hunter2');
    expect(await w.plane.client.find<Secret>(secrets, { namespace: 'default', name: 's' })).toBeUndefined();
  });

  it('keeps what an unreadable file held even when the agent was restarted meanwhile', async () => {
    await using w = await world();
    const first = await w.push({ 'tenant.yaml': configMap('tenant', {}), 'other.yaml': configMap('other', {}) });
    const agent = await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { retryInterval: '1h' });
    await w.settled('apps', first);
    await agent[Symbol.asyncDispose]();
    const broken = await w.push({ 'tenant.yaml': 'a: [' });
    await w.startAgent();
    await w.settled('apps', broken, 'False');
    const next = await w.push({ 'other.yaml': undefined });
    await w.settled('apps', next, 'False');
    expect(await find(w, 'other')).toBeUndefined();
    expect(await find(w, 'tenant')).toBeDefined();
    const fixed = await w.push({ 'tenant.yaml': undefined, 'third.yaml': configMap('third', {}) });
    await w.settled('apps', fixed);
    expect(await find(w, 'tenant')).toBeUndefined();
  });
});

describe('a missing path', () => {
  it('is reported, and nothing is deleted', async () => {
    await using w = await world();
    const first = await w.push({ 'apps/a.yaml': configMap('a', {}) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('apps', { path: './apps' });
    await w.settled('apps', first);
    await w.push({ 'apps/a.yaml': undefined, 'b.txt': 'x' });
    await eventually(async () => expect(ready(await w.unit('apps'))).toMatchObject({ status: 'False', reason: 'ArtifactFailed', message: 'kustomization path not found: stat ./apps: no such file or directory' }));
    expect(await find(w, 'a')).toBeDefined();
    expect((await w.unit('apps')).status?.inventory?.entries).toHaveLength(1);
  });
});
