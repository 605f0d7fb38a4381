import { podAccount } from '../names.ts';
import type { Child } from './child.ts';

/** The identity of the database pods of a namespace. Shared by its clusters and kept when they go. */
export const podServiceAccount = (namespace: string): Child => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: podAccount, namespace } });

/** The ClusterRole of the same name comes with the operator. */
export const podRoleBinding = (namespace: string): Child => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: podAccount, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: podAccount },
  subjects: [{ kind: 'ServiceAccount', name: podAccount, namespace }],
});
