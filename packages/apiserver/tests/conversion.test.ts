import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { configMaps, customResourceDefinitions, services } from '@plinth/api';
import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { eventually, startControlPlane, type ControlPlane } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { startConversionWebhook, type ConversionWebhook } from './conversion-webhook.ts';

const v1: ApiResource = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const v2: ApiResource = { ...v1, version: 'v2' };
const key = (name: string) => ({ namespace: 'default', name });
/** A certificate, but no PEM. */
const DER = new X509Certificate(rootCertificates[0]!).raw.toString('base64');
const ONE = key('one');
const size1 = { type: 'string' };
const size2 = { type: 'object', properties: { amount: { type: 'integer' }, unit: { type: 'string' } } };
const version = (name: string, size: object, storage = false) => ({
  name,
  served: true,
  storage,
  subresources: { status: {} },
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size, color: { type: 'string', default: 'red' } } }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
});
const webhookOf = ({ url, caBundle }: ConversionWebhook): object => ({ strategy: 'Webhook', webhook: { clientConfig: { url, caBundle }, conversionReviewVersions: ['v3', 'v1'] } });
const crd = (conversion: object, versions: readonly object[] = [version('v1', size1, true), version('v2', size2)]): KubeObject =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions, conversion },
  }) as unknown as KubeObject;
const widget = (name: string, size: unknown, resource = v1): KubeObject & UnstructuredObject => ({ apiVersion: `example.com/${resource.version}`, kind: 'Widget', metadata: key(name), spec: { size } });
const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'ok', (error: Error) => error.message);
const define = (plane: ControlPlane, conversion: object, versions?: readonly object[]) => plane.client.create(customResourceDefinitions, crd(conversion, versions));
const sizeOf = (object: UnstructuredObject): unknown => (object['spec'] as { size: unknown }).size;

describe('a CRD whose webhook converts', () => {
  it('is read, written, listed, patched and deleted in either version', async () => {
    await using plane = await startControlPlane();
    await using webhook = await startConversionWebhook();
    const { client } = plane;
    await define(plane, webhookOf(webhook));
    await client.create(v1, widget('one', '3Gi'));
    expect(webhook.asked).toEqual([]);
    const two = await client.create(v2, widget('two', { amount: 5, unit: 'Mi' }, v2));
    expect(two).toMatchObject({ apiVersion: 'example.com/v2', metadata: { generation: 1 }, spec: { size: { amount: 5, unit: 'Mi' }, color: 'red' } });
    expect(await client.get(v2, ONE)).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: { amount: 3, unit: 'Gi' }, color: 'red' } });
    expect(await client.get(v1, key('two'))).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: '5Mi' } });
    webhook.asked.length = 0;
    expect((await client.list<UnstructuredObject>(v2, { namespace: 'default' })).items.map(sizeOf)).toEqual([{ amount: 3, unit: 'Gi' }, { amount: 5, unit: 'Mi' }]);
    // Both in one review, and not again: what is known of an object that did not change is kept.
    expect(webhook.asked.length).toBeLessThanOrEqual(1);
    webhook.asked.length = 0;
    await client.list(v2, { namespace: 'default' });
    expect(webhook.asked).toEqual([]);
    const patched = await client.patch<KubeObject & UnstructuredObject>(v2, ONE, 'merge', { spec: { size: { amount: 4 } } });
    expect(patched).toMatchObject({ metadata: { generation: 2 }, spec: { size: { amount: 4, unit: 'Gi' } } });
    expect(sizeOf(await client.get<UnstructuredObject>(v1, ONE))).toBe('4Gi');
    await client.updateStatus(v2, { ...patched, status: { ready: true } } as KubeObject);
    expect(await client.get(v1, ONE)).toMatchObject({ metadata: { generation: 2 }, status: { ready: true } });
    await client.patch(v2, key('three'), 'apply', widget('three', { amount: 1, unit: 'Ti' }, v2), { fieldManager: 'me' });
    expect(sizeOf(await client.get<UnstructuredObject>(v1, key('three')))).toBe('1Ti');
    await client.delete(v2, ONE);
    expect(await client.find(v1, ONE)).toBeUndefined();
  });

  it('is watched in order, also while the webhook takes its time', async () => {
    await using plane = await startControlPlane();
    await using webhook = await startConversionWebhook();
    const { client } = plane;
    await define(plane, webhookOf(webhook));
    await client.create(v1, widget('a', '1Gi'));
    const seen: string[] = [];
    const errors: string[] = [];
    const ended = new AbortController();
    const watching = (async () => {
      for await (const event of client.watch<UnstructuredObject>(v2, { namespace: 'default', signal: ended.signal })) {
        if (event.type === 'ERROR') errors.push(event.object.message ?? '');
        else if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata.name} ${JSON.stringify(sizeOf(event.object))}`);
      }
    })();
    await eventually(() => expect(seen).toEqual(['ADDED a {"amount":1,"unit":"Gi"}']));
    const gate = Promise.withResolvers<void>();
    webhook.before = () => gate.promise;
    await client.create(v1, widget('b', '2Gi'));
    await client.patch(v1, key('a'), 'merge', { spec: { size: '9Gi' } });
    await client.delete(v1, key('b'));
    expect(seen).toHaveLength(1);
    gate.resolve();
    await eventually(() => expect(seen.slice(1)).toEqual(['ADDED b {"amount":2,"unit":"Gi"}', 'MODIFIED a {"amount":9,"unit":"Gi"}', 'DELETED b {"amount":2,"unit":"Gi"}']));
    webhook.answer = () => 'nonsense';
    await client.create(v1, widget('c', '3Gi'));
    await eventually(() => expect(errors).toEqual([expect.stringContaining('conversion webhook for example.com/v1, Kind=Widget failed')]));
    ended.abort();
    await watching;
  });

  it('gets no bookmark for what its watch has not been told yet, and is converted for nobody when the watch has ended', async () => {
    await using plane = await startControlPlane();
    await using webhook = await startConversionWebhook();
    const { client } = plane;
    await define(plane, webhookOf(webhook));
    const [{ promise: gate, resolve: open }, { promise: ended, resolve: end }] = [Promise.withResolvers<void>(), Promise.withResolvers<string[]>()];
    const { metadata } = await client.list(v2, { namespace: 'default' });
    webhook.before = () => gate;
    void (async () => {
      const seen: string[] = [];
      for await (const { type } of client.watch(v2, { namespace: 'default', resourceVersion: metadata.resourceVersion!, timeoutSeconds: 1, signal: new AbortController().signal })) seen.push(type);
      end(seen);
    })();
    for (const name of ['a', 'b', 'c']) await client.create(v1, widget(name, '1Gi'));
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key('later') });
    expect(await ended).toEqual([]);
    const listed = client.list(v2, { namespace: 'default' });
    open();
    await listed;
    expect(webhook.asked).toEqual([1, 3]);
  });

  it('is read as it was stored before another version became the stored one', async () => {
    await using plane = await startControlPlane();
    await using webhook = await startConversionWebhook();
    await define(plane, webhookOf(webhook));
    await plane.client.create(v1, widget('one', '3Gi'));
    await plane.client.patch(customResourceDefinitions, { name: 'widgets.example.com' }, 'merge', { spec: { versions: [version('v1', size1), version('v2', size2, true)] } });
    expect(sizeOf(await plane.client.get<UnstructuredObject>(v2, ONE))).toEqual({ amount: 3, unit: 'Gi' });
    expect(sizeOf(await plane.client.get<UnstructuredObject>(v1, ONE))).toBe('3Gi');
    await plane.client.patch(v1, ONE, 'merge', { spec: { color: 'blue' } });
    expect(await plane.client.get(v2, ONE)).toMatchObject({ spec: { size: { amount: 3, unit: 'Gi' }, color: 'blue' } });
  });

  it('says what the webhook did wrong, changes nothing then, and can be deleted without it', async () => {
    await using plane = await startControlPlane();
    await using webhook = await startConversionWebhook();
    const { client } = plane;
    await define(plane, webhookOf(webhook));
    await client.create(v1, widget('one', '3Gi'));
    const failing = 'Internal error occurred: conversion webhook for example.com/v1, Kind=Widget failed: ';
    const wrong = async (answer: ConversionWebhook['answer']): Promise<string> => {
      webhook.answer = answer;
      return message(client.get(v2, ONE));
    };
    const changed = (change: (response: { uid: string; result: object; convertedObjects: UnstructuredObject[] }) => object) => (review: Record<string, unknown>) => ({ ...review, response: change(review['response'] as Parameters<typeof change>[0]) });
    expect(await wrong(changed((response) => ({ ...response, result: { status: 'Failure', message: 'no such unit' } })))).toBe(`${failing}no such unit`);
    expect(await wrong(changed((response) => ({ ...response, uid: 'other' })))).toBe(`${failing}the answer is no ConversionReview with the uid of the request`);
    expect(await wrong(changed((response) => ({ ...response, convertedObjects: [] })))).toBe(`${failing}expected 1 converted objects, got 0`);
    expect(await wrong(changed(({ convertedObjects: [object], ...response }) => ({ ...response, convertedObjects: [{ ...object, apiVersion: 'example.com/v1' }] })))).toBe(
      `${failing}invalid converted object at index 0: its apiVersion is "example.com/v1", wanted was "example.com/v2"`,
    );
    expect(await wrong(changed(({ convertedObjects: [object], ...response }) => ({ ...response, convertedObjects: [{ ...object, metadata: { ...object!.metadata, name: 'two' } }] })))).toBe(
      `${failing}invalid converted object at index 0: metadata.name may not be changed from "one" to "two"`,
    );
    webhook.answer = () => 'nonsense';
    expect(await message(client.create(v2, widget('two', { amount: 1, unit: 'Gi' }, v2)))).toContain('conversion webhook for example.com/v2, Kind=Widget failed: ');
    expect(await message(client.list(v2, { namespace: 'default' }))).toContain(failing);
    expect((await client.list(v1, { namespace: 'default' })).items).toHaveLength(1);
    await webhook[Symbol.asyncDispose]();
    expect(await message(client.get(v2, ONE))).toMatch(/failed: Post "https:\/\/127\.0\.0\.1:\d+\/convert": connect ECONNREFUSED/);
    await client.delete(customResourceDefinitions, { name: 'widgets.example.com' });
    await eventually(async () => (await client.find(customResourceDefinitions, { name: 'widgets.example.com' })) === undefined);
  });

  it('may be behind a Service, whose name its certificate bears, and is not trusted without its authority', async () => {
    await using plane = await startControlPlane({ server: { serviceCIDR: '127.77.129.0/24' } });
    await using webhook = await startConversionWebhook({ host: '127.77.129.9', dnsNames: ['converter.default.svc'] });
    const { client } = plane;
    const service = { namespace: 'default', name: 'converter', path: '/convert', port: webhook.port };
    const conversion = (caBundle?: string): object => ({ strategy: 'Webhook', webhook: { clientConfig: { service, ...(caBundle ? { caBundle } : {}) }, conversionReviewVersions: ['v1'] } });
    await define(plane, conversion());
    await client.create(v1, widget('one', '3Gi'));
    expect(await message(client.get(v2, ONE))).toContain('there is no Service "converter" in namespace "default"');
    await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'converter', namespace: 'default' }, spec: { clusterIP: '127.77.129.9', ports: [{ port: webhook.port }] } } as KubeObject);
    expect(await message(client.get(v2, ONE))).toMatch(/Post "https:\/\/converter\.default\.svc:\d+\/convert": (unable to|self-signed)/);
    await client.patch(customResourceDefinitions, { name: 'widgets.example.com' }, 'merge', { spec: { conversion: conversion(webhook.caBundle) } });
    expect(sizeOf(await client.get<UnstructuredObject>(v2, ONE))).toEqual({ amount: 3, unit: 'Gi' });
  });

  it.each<[object, string]>([
    [{ strategy: 'Magic' }, 'spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"'],
    [{ strategy: 'Webhook' }, '[spec.conversion.webhook.clientConfig: Required value: required when strategy is set to Webhook, spec.conversion.webhook.conversionReviewVersions: Invalid value: []: must include at least one of v1, v1beta1]'],
    [{ strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } }, 'spec.conversion.webhook: Forbidden: should not be set when strategy is not set to Webhook'],
    [{ strategy: 'Webhook', webhook: { clientConfig: {}, conversionReviewVersions: ['v1'] } }, 'spec.conversion.webhook.clientConfig: Required value: exactly one of url or service is required'],
    [{ strategy: 'Webhook', webhook: { clientConfig: { url: 'http://a.test' }, conversionReviewVersions: ['v1'] } }, 'spec.conversion.webhook.clientConfig.url: Invalid value: "http://a.test": \'https\' is the only allowed URL scheme'],
    [{ strategy: 'Webhook', webhook: { clientConfig: { url: 'https://a.test', caBundle: 'AAAA' }, conversionReviewVersions: ['v1'] } }, 'caBundle: Invalid value: "...": unable to load root certificates'],
    [{ strategy: 'Webhook', webhook: { clientConfig: { url: 'https://a.test', caBundle: DER }, conversionReviewVersions: ['v1'] } }, 'caBundle: Invalid value: "...": unable to load root certificates'],
    [{ strategy: 'Webhook', webhook: { clientConfig: { service: { namespace: 'a', name: 'b', path: 'c', port: 0 } }, conversionReviewVersions: ['v1'] } }, 'spec.conversion.webhook.clientConfig.service.path: Invalid value: "c": must start with a /, without a query'],
  ])('is refused when it says %j', async (conversion, expected) => {
    await using plane = await startControlPlane();
    expect(await message(define(plane, conversion))).toContain(expected);
  });
});
