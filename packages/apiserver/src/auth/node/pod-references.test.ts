import { describe, expect, test } from 'vitest';

import { podReferences } from './pod-references.ts';

describe(podReferences, () => {
  test('finds what a pod names, wherever it names it', () => {
    const spec = {
      serviceAccountName: 'runner',
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        { name: 'a', secret: { secretName: 'volume' } },
        { name: 'b', configMap: { name: 'files' } },
        { name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }, { serviceAccountToken: { path: 'token' } }] } },
        { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'scratch', ephemeral: {} },
      ],
      initContainers: [{ name: 'i', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'init', key: 'k' } } }] }],
      containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'from' } }, { configMapRef: { name: 'from' } }], env: [{ name: 'Y', valueFrom: { configMapKeyRef: { name: 'key', key: 'k' } } }, { name: 'Z', value: 'z' }] }],
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name: 'web' }, spec };
    expect([...podReferences(pod)].sort()).toEqual([
      'configmaps/files',
      'configmaps/from',
      'configmaps/key',
      'configmaps/kube-root-ca.crt',
      'configmaps/projected',
      'persistentvolumeclaims/data',
      'persistentvolumeclaims/web-scratch',
      'secrets/from',
      'secrets/init',
      'secrets/projected',
      'secrets/pull',
      'secrets/volume',
      'serviceaccounts/runner',
    ]);
  });

  test('takes a damaged spec for one that names nothing', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { volumes: 'none', containers: [7, { env: {} }] } };
    expect([...podReferences(pod)]).toEqual(['serviceaccounts/default', 'configmaps/kube-root-ca.crt']);
  });
});
