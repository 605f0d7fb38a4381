import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { customResourceDefinitions, promises, type CustomResourceDefinition } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { selfSigned } from '@plinth/state-store/testing';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketPromise, buckets, condition, create, startWorld } from './world.ts';

const v2 = { ...buckets, version: 'v2' };
const FILE = 'worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml';

describe('a Promise whose API a webhook converts', () => {
  it('serves requests of either version; its steps see the stored one', async () => {
    await using webhook = await startWebhook();
    await using world = await startWorld({
      'test/make': ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8').split('\n').filter((line) => /^apiVersion|size:/.test(line)).map((line) => line.trim()).join('\n')),
    });
    const promise = bucketPromise();
    const api = promise.spec!.api!;
    const [first] = api.spec.versions;
    const second = { ...first!, name: 'v2', storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { gigabytes: { type: 'integer' } } } } } } } as typeof first;
    const conversion = { strategy: 'Webhook', webhook: { clientConfig: { url: webhook.url, caBundle: webhook.caBundle }, conversionReviewVersions: ['v1'] } };
    await create(world.plane, { ...promise, spec: { ...promise.spec, api: { ...api, spec: { ...api.spec, versions: [first!, second!], conversion } } } } as KubeObject);
    await create(world.plane, { apiVersion: 'example.com/v2', kind: 'bucket', metadata: { name: 'one', namespace: 'default' }, spec: { gigabytes: 3 } } as UnstructuredObject);
    await eventually(async () => condition(await world.request(), 'Reconciled')?.['status'] === 'True');
    expect(String(world.store.files.get(FILE))).toBe('apiVersion: example.com/v1\nsize: 3Gi');
    expect(await world.plane.client.get(v2, { namespace: 'default', name: 'one' })).toMatchObject({ spec: { gigabytes: 3 }, status: { message: 'Resource requested' } });
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { api: { spec: { conversion: null } } } });
    await eventually(async () => (await world.plane.client.get<CustomResourceDefinition>(customResourceDefinitions, { name: 'buckets.example.com' })).spec.conversion?.strategy === 'None');
  });
});

/** Sizes of v1 are text, those of v2 numbers. */
async function startWebhook(): Promise<AsyncDisposable & { readonly url: string; readonly caBundle: string }> {
  const { key, cert } = await selfSigned();
  const server = createServer({ key, cert }, (request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { apiVersion, request: asked } = JSON.parse(text) as { apiVersion: string; request: { uid: string; desiredAPIVersion: string; objects: (UnstructuredObject & { spec: { size?: string; gigabytes?: number } })[] } };
      const convertedObjects = asked.objects.map(({ spec, ...object }) => ({ ...object, apiVersion: asked.desiredAPIVersion, spec: asked.desiredAPIVersion.endsWith('v1') ? { size: `${spec.gigabytes}Gi` } : { gigabytes: Number.parseInt(spec.size ?? '0', 10) } }));
      response.end(JSON.stringify({ apiVersion, kind: 'ConversionReview', response: { uid: asked.uid, result: { status: 'Success' }, convertedObjects } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    caBundle: Buffer.from(cert).toString('base64'),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
