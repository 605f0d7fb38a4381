import { customResourceDefinitions } from '@plinth/api';
import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { eventually, startControlPlane, type ControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

const widgets: ApiResource = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const key = (name: string) => ({ namespace: 'default', name });
const spec = {
  type: 'object',
  required: ['size'],
  properties: { size: { type: 'string', enum: ['S', 'M'] }, replicas: { type: 'integer', minimum: 0, default: 1 }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
};
const version = (name: string, more: object = {}, properties: object = { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', required: ['spec'], properties } },
  ...more,
});
const crd = (versions: readonly object[] = [version('v1')], names: object = {}): UnstructuredObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], ...names }, versions },
});
const widget = (name: string, body: object = { size: 'M' }): KubeObject & UnstructuredObject => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: key(name), spec: body });
const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'ok', (error: Error) => error.message);
const define = (plane: ControlPlane, definition = crd()) => plane.client.create(customResourceDefinitions, definition as KubeObject) as Promise<UnstructuredObject>;
const conditions = (object: UnstructuredObject): Record<string, string> =>
  Object.fromEntries((object['status'] as { conditions: { type: string; status: string }[] }).conditions.map(({ type, status }) => [type, status]));

describe('a CustomResourceDefinition', () => {
  test('is served the moment its creation is answered', async () => {
    await using plane = await startControlPlane();
    expect(conditions(await define(plane))).toEqual({ NamesAccepted: 'True', Established: 'True' });
    const made = await plane.client.create(widgets, widget('one', { size: 'M', unknown: 1, free: { kept: 1 } }));
    expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { size: 'M', replicas: 1, free: { kept: 1 } } });
    expect(Object.keys(made['spec'] as object)).not.toContain('unknown');
  });

  test('refuses objects in Kubernetes\' words', async () => {
    await using plane = await startControlPlane();
    await define(plane);
    expect(await message(plane.client.create(widgets, widget('bad', { size: 'XL', replicas: -1 })))).toBe(
      'Widget.example.com "bad" is invalid: [spec.size: Unsupported value: "XL": supported values: "S", "M", spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0]',
    );
    expect(await message(plane.client.create(widgets, widget('none', {})))).toBe('Widget.example.com "none" is invalid: spec.size: Required value');
    expect(await message(plane.client.create(widgets, widget('typed', { size: 7 })))).toContain('spec.size: Invalid value: "integer": spec.size in body must be of type string: "integer"');
    const made = await plane.client.create(widgets, widget('good'));
    const { resourceVersion: _, ...metadata } = made.metadata;
    expect(await message(plane.client.update(widgets, { ...made, metadata } as KubeObject))).toBe('Widget.example.com "good" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update');
  });

  test('that is wrong itself is refused with every cause', async () => {
    await using plane = await startControlPlane();
    const wrong = crd([{ name: 'v1', served: true, storage: false }]);
    expect(await message(define(plane, wrong))).toBe(
      'CustomResourceDefinition.apiextensions.k8s.io "widgets.example.com" is invalid: [spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version, spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required]',
    );
    const loose = crd([version('v1', {}, { spec: { properties: { a: { type: 'strnig' } } } })]);
    expect(await message(define(plane, loose))).toContain('spec.versions[0].schema.openAPIV3Schema.properties[spec]');
    expect(await message(define(plane, { ...crd(), metadata: { name: 'other.example.com' } }))).toContain('metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group');
  });

  test('with a status subresource keeps spec and status apart', async () => {
    await using plane = await startControlPlane();
    await define(plane, crd([version('v1', { subresources: { status: {} } })]));
    const made = await plane.client.create(widgets, { ...widget('one'), status: { phase: 'Faked' } });
    expect('status' in made).toBe(false);
    const reported = await plane.client.updateStatus(widgets, { ...made, spec: { size: 'S' }, status: { phase: 'Ready' } });
    expect(reported).toMatchObject({ spec: { size: 'M' }, status: { phase: 'Ready' }, metadata: { generation: 1 } });
    expect(await plane.client.patch(widgets, key('one'), 'merge', { spec: { size: 'S' }, status: { phase: 'Lost' } })).toMatchObject({ spec: { size: 'S' }, status: { phase: 'Ready' }, metadata: { generation: 2 } });
  });

  test('scales by the paths that it names', async () => {
    await using plane = await startControlPlane();
    await define(plane, crd([version('v1', { subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } } })]));
    await plane.client.create(widgets, widget('one'));
    const path = '/apis/example.com/v1/namespaces/default/widgets/one/scale';
    const { body } = await plane.client.request({ method: 'PATCH', path, headers: { 'content-type': 'application/merge-patch+json' }, body: { spec: { replicas: 5 } } });
    expect(body).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 0 } });
    expect(await plane.client.get(widgets, key('one'))).toMatchObject({ spec: { size: 'M', replicas: 5 } });
  });

  test('shows its columns as a table', async () => {
    await using plane = await startControlPlane();
    const additionalPrinterColumns = [
      { name: 'Size', type: 'string', jsonPath: '.spec.size' },
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
      { name: 'Missing', type: 'string', jsonPath: '.spec.free.nothing' },
    ];
    await define(plane, crd([version('v1', { additionalPrinterColumns })]));
    await plane.client.create(widgets, widget('one'));
    const { body } = await plane.client.request({ method: 'GET', path: '/apis/example.com/v1/widgets', headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    expect(body).toMatchObject({ columnDefinitions: [{ name: 'Name' }, { name: 'Size' }, { name: 'Replicas', priority: 1 }, { name: 'Missing' }], rows: [{ cells: ['one', 'M', 1, null] }] });
  });

  test('serves each version, and defaults what is older than the schema', async () => {
    await using plane = await startControlPlane();
    await define(plane);
    await plane.client.create(widgets, widget('old'));
    const changed = { ...spec, properties: { ...spec.properties, color: { type: 'string', default: 'blue' } } };
    await plane.client.patch(customResourceDefinitions, { name: 'widgets.example.com' }, 'merge', { spec: { versions: [version('v1', {}, { spec: changed }), version('v1beta1', { deprecated: true }, { spec: changed })] } });
    const beta = { ...widgets, version: 'v1beta1' };
    expect(await plane.client.get(beta, key('old'))).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { size: 'M', color: 'blue' } });
    expect((await plane.client.list(beta)).items[0]).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { color: 'blue' } });
    await plane.client.create(beta, { ...widget('new'), apiVersion: 'example.com/v1beta1' });
    expect(await plane.client.get(widgets, key('new'))).toMatchObject({ apiVersion: 'example.com/v1' });
  });

  test('that changes while it is watched shows new fields to those who watch', async () => {
    await using plane = await startControlPlane();
    await define(plane);
    const controller = new AbortController();
    const sizes: unknown[] = [];
    const watching = (async () => {
      for await (const { object } of plane.client.watch(widgets, { signal: controller.signal })) sizes.push((object as UnstructuredObject)['spec']);
    })();
    await plane.client.create(widgets, widget('one'));
    const wider = { ...spec, properties: { ...spec.properties, color: { type: 'string' } } };
    await plane.client.patch(customResourceDefinitions, { name: 'widgets.example.com' }, 'merge', { spec: { versions: [version('v1', {}, { spec: wider })] } });
    await plane.client.patch(widgets, key('one'), 'merge', { spec: { color: 'red' } });
    await eventually(() => expect(sizes.at(-1)).toEqual({ size: 'M', replicas: 1, color: 'red' }));
    controller.abort();
    await watching;
  });

  test('checks its rules', async () => {
    await using plane = await startControlPlane();
    const rules = [{ rule: "self.size != 'S' || self.replicas < 3", message: 'small ones have at most 2' }];
    await define(plane, crd([version('v1', {}, { spec: { ...spec, 'x-kubernetes-validations': rules } })]));
    expect(await message(plane.client.create(widgets, widget('many', { size: 'S', replicas: 3 })))).toBe('Widget.example.com "many" is invalid: spec: Invalid value: "object": small ones have at most 2');
    await plane.client.create(widgets, widget('few', { size: 'S', replicas: 2 }));
  });

  test('lets its fields be selected by', async () => {
    await using plane = await startControlPlane();
    await define(plane, crd([version('v1', { selectableFields: [{ jsonPath: '.spec.size' }] })]));
    await plane.client.create(widgets, widget('m'));
    await plane.client.create(widgets, widget('s', { size: 'S' }));
    const found = await plane.client.list(widgets, { fieldSelector: 'spec.size=S' });
    expect(found.items.map(({ metadata }) => metadata.name)).toEqual(['s']);
    expect(await message(plane.client.list(widgets, { fieldSelector: 'spec.replicas=1' }))).toBe('field label not supported: spec.replicas');
  });

  test('that wants a name in use waits until it is free', async () => {
    await using plane = await startControlPlane();
    await define(plane);
    const rival = { ...crd([version('v1')], { plural: 'gadgets', kind: 'Widget', shortNames: [] }), metadata: { name: 'gadgets.example.com' } };
    const refused = await define(plane, rival);
    expect(conditions(refused)).toEqual({ NamesAccepted: 'False', Established: 'False' });
    await plane.client.delete(customResourceDefinitions, { name: 'widgets.example.com' });
    await eventually(async () => expect(conditions(await plane.client.get(customResourceDefinitions, { name: 'gadgets.example.com' }))).toEqual({ NamesAccepted: 'True', Established: 'True' }));
    expect(await plane.client.list({ ...widgets, plural: 'gadgets' })).toMatchObject({ items: [] });
  });

  test('takes its objects with it, and waits for their finalizers', async () => {
    await using plane = await startControlPlane();
    await define(plane);
    const held = widget('held');
    await plane.client.create(widgets, { ...held, metadata: { ...held.metadata, finalizers: ['example.com/hold'] } });
    await plane.client.create(widgets, widget('free'));
    await plane.client.delete(customResourceDefinitions, { name: 'widgets.example.com' });
    await eventually(async () => expect((await plane.client.list(widgets)).items.map(({ metadata }) => metadata.name)).toEqual(['held']));
    expect(conditions(await plane.client.get(customResourceDefinitions, { name: 'widgets.example.com' }))).toMatchObject({ Terminating: 'True' });
    await plane.client.patch(widgets, key('held'), 'merge', { metadata: { finalizers: null } });
    await eventually(async () => expect(await plane.client.find(customResourceDefinitions, { name: 'widgets.example.com' })).toBeUndefined());
    expect(await message(plane.client.list(widgets))).toBe('the server could not find the requested resource');
  });
});
