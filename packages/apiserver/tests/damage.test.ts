import { openMemoryStore } from '@plinth/object-store';
import { describe, expect, test } from 'vitest';
import { startApiServer } from '../src/index.ts';

const path = '/api/v1/namespaces/default/configmaps';
const admin = { name: 'admin', groups: [] };

describe('a damaged value in the store', () => {
  test('is left out of lists, named in the log, and can be deleted; everything else goes on', async () => {
    const store = openMemoryStore();
    const logged: string[] = [];
    await using server = await startApiServer({ store, name: 'test', authorizer: () => ({ allowed: true }), log: (_level, message, fields) => logged.push(`${message}: ${String(fields?.['key'])}`) });
    const client = server.transport(admin);
    await client.request({ method: 'POST', path, body: { metadata: { name: 'good' } } });
    await store.write({ key: '/registry/core/configmaps/default/bad', value: Buffer.from('{"apiVersion":"v1","kin') });
    await store.write({ key: '/registry/apiextensions.k8s.io/customresourcedefinitions/bad.example.com', value: Buffer.from('nonsense') });
    const list = await client.request({ method: 'GET', path });
    expect((list.body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect(logged).toContain('stored value is damaged; left out of a list: /registry/core/configmaps/default/bad');
    expect(await client.request({ method: 'GET', path: `${path}/bad` })).toMatchObject({ status: 500, body: { message: 'Internal error occurred: the stored ConfigMap "bad" is damaged and cannot be read; delete it and create it again' } });
    expect(await client.request({ method: 'DELETE', path: `${path}/bad` })).toMatchObject({ status: 200 });
    expect(await client.request({ method: 'GET', path: `${path}/bad` })).toMatchObject({ status: 404 });
  });

  test('does not keep a server from starting', async () => {
    const store = openMemoryStore();
    for (const key of ['core/services/default/x', 'core/namespaces/x', 'core/events/default/x', 'apiextensions.k8s.io/customresourcedefinitions/x']) await store.write({ key: `/registry/${key}`, value: Buffer.from('nonsense') });
    await using server = await startApiServer({ store, name: 'test', authorizer: () => ({ allowed: true }), serviceCIDR: '127.77.128.0/24' });
    expect(await server.transport(admin).request({ method: 'GET', path: '/readyz' })).toEqual({ status: 200, body: 'ok' });
  });
});
