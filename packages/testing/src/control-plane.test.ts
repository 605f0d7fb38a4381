import { configMaps, pods } from '@plinth/api';
import { isForbidden } from '@plinth/apimachinery';
import { describe, expect, test } from 'vitest';

import { leakCheck, runKubectl, startControlPlane } from './index.ts';

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'a' }, data: { key: 'value' } };

describe(startControlPlane, () => {
  test('serves a client in process and enforces RBAC', async () => {
    await using _ = leakCheck();
    await using plane = await startControlPlane();
    await plane.client.create(configMaps, configMap);
    expect(await plane.client.get(configMaps, { namespace: 'default', name: 'a' })).toMatchObject({ data: { key: 'value' } });
    const refused = await plane.clientFor('ann').list(pods, { namespace: 'default' }).catch((error: unknown) => error);
    expect(isForbidden(refused)).toBe(true);
    expect((refused as Error).message).toBe('pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "default"');
  });

  test.each(['1.32', '1.35'] as const)('serves stock kubectl %s over TLS', async (version) => {
    await using plane = await startControlPlane({ listen: true, store: 'sqlite' });
    const kubeconfig = await plane.kubeconfig();
    await plane.client.create(configMaps, configMap);
    const { stdout, stderr, exitCode } = await runKubectl(['get', 'configmap', 'a', '-o', 'jsonpath={.data.key}'], { kubeconfig, version });
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'value', stderr: '', exitCode: 0 });
  });
});
