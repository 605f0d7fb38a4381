import { configMaps, customResourceDefinitions, namespaces, secrets, serviceAccounts, type ConfigMap, type Namespace } from '@plinth/api';
import type { ApiResource, KubeObject, OwnerReference } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { startWorld } from './world.ts';

const namespace = 'default';
const configMap = (name: string, owners: readonly KubeObject[] = [], more: object = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, ownerReferences: owners.map((owner): OwnerReference => ({ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid!, blockOwnerDeletion: true })), ...more },
});
const there = async (client: Client, ...names: readonly string[]): Promise<readonly string[]> => {
  const found = (await client.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.name);
  return names.filter((name) => found.includes(name));
};

describe('the garbage collector', () => {
  it('deletes what has lost all of its owners, down to the last generation', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const a = await client.create(configMaps, configMap('a'));
    const other = await client.create(configMaps, configMap('other'));
    const b = await client.create(configMaps, configMap('b', [a]));
    await client.create(configMaps, configMap('c', [b]));
    await client.create(configMaps, configMap('shared', [a, other]));
    await client.delete(configMaps, { namespace, name: 'a' });
    await eventually(async () => expect(await there(client, 'a', 'b', 'c', 'shared', 'other')).toEqual(['shared', 'other']));
    await eventually(async () => {
      const shared = await client.get<ConfigMap>(configMaps, { namespace, name: 'shared' });
      expect(shared.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['other']);
    });
  });

  it('deletes what somebody else keeps writing to meanwhile', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const owner = await client.create(configMaps, configMap('owner'));
    const names = Array.from({ length: 20 }, (_, index) => `busy-${index}`);
    await Promise.all(names.map((name) => client.create(configMaps, configMap(name, [owner]))));
    // Data says nothing to the collector: it hears of no reason to try again.
    const busy = names.map(async (name) => {
      for (let turn = 0; turn < 20; turn++) await client.patch(configMaps, { namespace, name }, 'merge', { data: { turn: String(turn) } }).catch(() => {});
    });
    await client.delete(configMaps, { namespace, name: 'owner' });
    await Promise.all(busy);
    await eventually(async () => expect(await there(client, ...names)).toEqual([]));
  });

  it('deletes an object whose owner was gone before it came', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const owner: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'never', uid: '00000000-0000-0000-0000-000000000000' } };
    await client.create(configMaps, configMap('late', [owner]));
    await eventually(async () => expect(await there(client, 'late')).toEqual([]));
  });

  it('keeps an owner that is deleted in the foreground until its dependents are gone', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const owner = await client.create(configMaps, configMap('owner'));
    await client.create(configMaps, configMap('held', [owner], { finalizers: ['example.com/hold'] }));
    await client.create(configMaps, configMap('free', [owner]));
    await client.delete(configMaps, { namespace, name: 'owner' }, { propagationPolicy: 'Foreground' });
    await eventually(async () => {
      expect(await there(client, 'free')).toEqual([]);
      expect((await client.get<ConfigMap>(configMaps, { namespace, name: 'held' })).metadata.deletionTimestamp).toBeDefined();
    });
    expect(await there(client, 'owner', 'held')).toEqual(['owner', 'held']);
    await client.patch(configMaps, { namespace, name: 'held' }, 'merge', { metadata: { finalizers: null } });
    await eventually(async () => expect(await there(client, 'owner', 'held')).toEqual([]));
  });

  it('sets dependents free when their owner is deleted without them', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const owner = await client.create(configMaps, configMap('owner'));
    await client.create(configMaps, configMap('orphan', [owner]));
    await client.delete(configMaps, { namespace, name: 'owner' }, { propagationPolicy: 'Orphan' });
    await eventually(async () => expect(await there(client, 'owner', 'orphan')).toEqual(['orphan']));
    expect((await client.get<ConfigMap>(configMaps, { namespace, name: 'orphan' })).metadata.ownerReferences ?? []).toEqual([]);
  });

  it('follows kinds that come later', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    const widgets: ApiResource = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
    await client.create(customResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Widget', plural: 'widgets' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
      },
    } as KubeObject);
    const widget = await eventually(() => client.create(widgets, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { namespace, name: 'one' } } as KubeObject));
    await client.create(configMaps, configMap('of-widget', [widget]));
    await client.delete(widgets, { namespace, name: 'one' });
    await eventually(async () => expect(await there(client, 'of-widget')).toEqual([]));
  });
});

describe('a namespace', () => {
  it('has a ServiceAccount and the certificate of the authority, and has them again when they are deleted', async () => {
    await using world = await startWorld();
    const { client, pki } = world.plane;
    await client.create<Namespace>(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    const both = async (): Promise<void> => {
      expect(await client.find(serviceAccounts, { namespace: 'team', name: 'default' })).toBeDefined();
      expect((await client.get<ConfigMap>(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' })).data).toEqual({ 'ca.crt': pki.caCert });
    };
    await eventually(both);
    await client.delete(serviceAccounts, { namespace: 'team', name: 'default' });
    await client.patch(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' }, 'merge', { data: { 'ca.crt': 'other' } });
    await eventually(both);
  });

  it('takes everything in it along, and says what holds it up', async () => {
    await using world = await startWorld();
    const { client } = world.plane;
    await client.create<Namespace>(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    await client.create(configMaps, configMap('held', [], { namespace: 'team', finalizers: ['example.com/hold'] }));
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'team', name: 'gone' } } as KubeObject);
    await client.delete(namespaces, { name: 'team' });
    await eventually(async () => {
      const now = await client.get<Namespace>(namespaces, { name: 'team' });
      expect(now.status?.phase).toBe('Terminating');
      expect(now.status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.message).toBe('Some content in the namespace has finalizers remaining: example.com/hold has 1 instances');
      expect(await client.find(secrets, { namespace: 'team', name: 'gone' })).toBeUndefined();
    });
    await client.patch(configMaps, { namespace: 'team', name: 'held' }, 'merge', { metadata: { finalizers: null } });
    await eventually(async () => expect(await client.find(namespaces, { name: 'team' })).toBeUndefined());
  });
});
