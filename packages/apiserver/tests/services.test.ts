import { services } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { openMemoryStore } from '@plinth/object-store';
import { startControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';
import { startApiServer } from '../src/index.ts';

const service = (name: string, spec: object = {}): KubeObject & UnstructuredObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });
const addressOf = (object: UnstructuredObject): string => (object['spec'] as { clusterIP: string }).clusterIP;
const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'ok', (error: Error) => error.message);

describe('the address of a Service', () => {
  test('is its own in the block, stays, and is free again when it has gone', async () => {
    await using plane = await startControlPlane({ server: { serviceCIDR: '127.77.128.0/28' } });
    const made = await Promise.all(Array.from({ length: 13 }, (_, index) => plane.client.create(services, service(`s${index}`))));
    const addresses = made.map(addressOf);
    expect(new Set(addresses).size).toBe(13);
    expect(addresses.every((address) => /^127\.77\.128\.([2-9]|1[0-4])$/.test(address))).toBe(true);
    expect(await message(plane.client.create(services, service('full')))).toContain('failed to allocate an IP: the range 127.77.128.0/28 is full');
    await plane.client.delete(services, { namespace: 'default', name: 's3' });
    expect(addressOf(await plane.client.create(services, service('next')))).toBe(addresses[3]);
    const kept = await plane.client.update(services, { ...made[5]!, spec: { ports: [{ port: 81 }] } } as KubeObject & UnstructuredObject);
    expect(addressOf(kept)).toBe(addresses[5]);
    expect(await message(plane.client.patch(services, { namespace: 'default', name: 's5' }, 'merge', { spec: { clusterIP: '127.77.128.99' } }))).toContain('may not change once set');
  });

  test('can be asked for, unless it is taken or elsewhere', async () => {
    await using plane = await startControlPlane({ server: { serviceCIDR: '127.77.128.0/24' } });
    expect(addressOf(await plane.client.create(services, service('wanted', { clusterIP: '127.77.128.50' })))).toBe('127.77.128.50');
    expect(await message(plane.client.create(services, service('again', { clusterIP: '127.77.128.50' })))).toContain('spec.clusterIPs: Invalid value: ["127.77.128.50"]: failed to allocate IP 127.77.128.50');
    expect(await message(plane.client.create(services, service('far', { clusterIP: '10.0.0.1' })))).toContain('not in the valid range 127.77.128.0/24');
    expect(addressOf(await plane.client.create(services, service('headless', { clusterIP: 'None' })))).toBe('None');
  });

  test('is not given to another one after a restart, nor lost by a refused write', async () => {
    const store = openMemoryStore();
    const options = { store, name: 'test', authorizer: () => ({ allowed: true }), serviceCIDR: '127.77.128.0/28' };
    const user = { name: 'admin', groups: [] };
    const path = '/api/v1/namespaces/default/services';
    const first = await startApiServer(options);
    for (let index = 0; index < 20; index += 1) await first.transport(user).request({ method: 'POST', path, body: service(`Bad ${index}`) });
    const made = await first.transport(user).request({ method: 'POST', path, body: service('one') });
    await first[Symbol.asyncDispose]();
    await using second = await startApiServer(options);
    const others = await Promise.all(Array.from({ length: 12 }, (_, index) => second.transport(user).request({ method: 'POST', path, body: service(`o${index}`) })));
    expect(others.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 201));
    expect(others.map(({ body }) => addressOf(body as UnstructuredObject))).not.toContain(addressOf(made.body as UnstructuredObject));
  });
});
