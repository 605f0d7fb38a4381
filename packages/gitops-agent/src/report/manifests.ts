import type { KubeObject } from '@plinth/apimachinery';
import { LEASE_NAMESPACE, leaseName } from './keep-lease.ts';

const RBAC = { apiGroup: 'rbac.authorization.k8s.io' } as const;

/**
 * What the platform cluster needs for the reporter of one destination: its Lease, and rights for `user` to say how this
 * Destination stands and nothing else.
 */
export function reporterManifests(destination: string, user: string): readonly KubeObject[] {
  const name = `plinth-destination-reporter-${destination}`;
  const subjects = [{ ...RBAC, kind: 'User', name: user }];
  const bind = (kind: 'ClusterRole' | 'Role') => ({ roleRef: { ...RBAC, kind, name }, subjects });
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        { apiGroups: ['platform.kratix.io'], resources: ['destinations'], resourceNames: [destination], verbs: ['get'] },
        { apiGroups: ['platform.kratix.io'], resources: ['destinations/status'], resourceNames: [destination], verbs: ['patch'] },
      ],
    },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name }, ...bind('ClusterRole') },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name, namespace: LEASE_NAMESPACE },
      rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [leaseName(destination)], verbs: ['get', 'update', 'patch'] }],
    },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace: LEASE_NAMESPACE }, ...bind('Role') },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: leaseName(destination), namespace: LEASE_NAMESPACE } },
  ] as readonly KubeObject[];
}
