import { configMaps, secrets, type ConfigMap } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, ready, world, type World } from './world.ts';

const RBAC = 'rbac.authorization.k8s.io';
const clientFor = (w: World) => (namespace: string, name: string): Client =>
  w.plane.clientFor({ name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] });

/** The ServiceAccount `narrow` may have ConfigMaps in the namespace default, and nothing else. */
async function allowConfigMaps(w: World): Promise<void> {
  const create = async (kind: string, plural: string, rest: object): Promise<void> => {
    await w.plane.client.create({ group: RBAC, version: 'v1', kind, plural, namespaced: true }, { apiVersion: `${RBAC}/v1`, kind, metadata: { name: 'narrow', namespace: 'default' }, ...rest } as KubeObject);
  };
  await create('Role', 'roles', { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] }] });
  await create('RoleBinding', 'rolebindings', { roleRef: { apiGroup: RBAC, kind: 'Role', name: 'narrow' }, subjects: [{ kind: 'ServiceAccount', name: 'narrow', namespace: 'flux-system' }] });
}

describe('a Kustomization with a ServiceAccount', () => {
  it('changes the cluster with its rights and no others, and prunes', async () => {
    await using w = await world();
    await allowConfigMaps(w);
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n';
    const commit = await w.push({ 'a.yaml': configMap('a', { x: '1' }), 's.yaml': secret });
    await w.startAgent({ clientFor: clientFor(w) });
    await w.createSource();
    await w.createUnit('narrow', { serviceAccountName: 'narrow' });
    const unit = await w.settled('narrow', commit, 'False');
    expect(ready(unit)?.message).toBe('Secret/default/s dry-run failed (Forbidden): the Secret was refused; its values are not shown');
    expect(await w.plane.client.find<ConfigMap>(configMaps, { namespace: 'default', name: 'a' })).toMatchObject({ data: { x: '1' } });
    expect(await w.plane.client.find(secrets, { namespace: 'default', name: 's' })).toBeUndefined();

    await w.settled('narrow', await w.push({ 'a.yaml': undefined, 's.yaml': undefined }));
    await eventually(async () => expect(await w.plane.client.find(configMaps, { namespace: 'default', name: 'a' })).toBeUndefined());
  });

  it('stalls where nobody can act for another', async () => {
    await using w = await world();
    await w.push({ 'a.yaml': configMap('a', {}) });
    await w.startAgent();
    await w.createSource();
    await w.createUnit('narrow', { serviceAccountName: 'narrow' });
    await eventually(async () => expect(ready(await w.unit('narrow'))).toMatchObject({ reason: 'Unsupported', message: 'spec.serviceAccountName not supported by this agent, remove it' }));
  });
});
