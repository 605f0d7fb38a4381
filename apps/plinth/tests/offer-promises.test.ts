import { crdOf, customResourceDefinitions, promises, type PlatformPromise } from '@plinth/api';
import type { Client } from '@plinth/client';
import { startControlPlane } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { followIngressPort, offerPromises } from '../src/units/offer-promises.ts';

interface Pipeline {
  readonly spec: { readonly containers: readonly { readonly name: string; readonly env?: readonly { readonly name: string; readonly value: string }[] }[] };
}

const portIn = async (client: Client): Promise<string | undefined> => {
  const promise = await client.get<PlatformPromise>(promises, { name: 'app' });
  const [pipeline] = (promise.spec?.workflows?.resource?.configure ?? []) as unknown as readonly Pipeline[];
  return pipeline?.spec.containers.flatMap(({ env = [] }) => env).find(({ name }) => name === 'INGRESS_PORT')?.value;
};

describe('what ships with Plinth', () => {
  it('is offered with the port of this installation, which it follows, and is the platform team’s from then on', async () => {
    await using plane = await startControlPlane();
    const { client } = plane;
    await client.create(customResourceDefinitions, crdOf(promises));
    await offerPromises(client, 31_400);
    expect((await client.list<PlatformPromise>(promises)).items.map(({ metadata }) => metadata.name)).toEqual(['app', 'postgresql']);
    expect(await portIn(client)).toBe('31400');

    await client.patch(promises, { name: 'app' }, 'merge', { metadata: { labels: { 'kratix.io/promise-version': 'v9' } } });
    await client.delete(promises, { name: 'postgresql' });
    const before = await client.get<PlatformPromise>(promises, { name: 'app' });
    await followIngressPort(client, 31_400);
    expect((await client.get<PlatformPromise>(promises, { name: 'app' })).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await followIngressPort(client, 31_401);
    const after = await client.get<PlatformPromise>(promises, { name: 'app' });
    expect([await portIn(client), after.metadata.labels?.['kratix.io/promise-version']]).toEqual(['31401', 'v9']);
    expect({ ...after.spec, workflows: undefined }).toEqual({ ...before.spec, workflows: undefined });
    expect((await client.list<PlatformPromise>(promises)).items).toHaveLength(1);

    await client.delete(promises, { name: 'app' });
    await followIngressPort(client, 31_402);
    expect((await client.list<PlatformPromise>(promises)).items).toEqual([]);
  });
});
