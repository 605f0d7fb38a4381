import type { KubeObject } from '@plinth/apimachinery';
import { crdOf, fluxKinds, type ClusterRoleBinding, type Namespace, type ServiceAccount } from '@plinth/api';
import { GITOPS_NAMESPACE } from './names.ts';

const labels = { 'app.kubernetes.io/part-of': 'flux', 'app.kubernetes.io/instance': GITOPS_NAMESPACE } as const;

/** Versions that manifests for Kratix still name; the fields are the same. */
const OLDER_VERSIONS: Readonly<Record<string, readonly string[]>> = { Bucket: ['v1beta2'], GitRepository: ['v1beta2', 'v1beta1'] };

/**
 * What a cluster needs before the agent can work on it: namespace, CRDs, and a ServiceAccount that may do everything,
 * because manifests can hold anything. In the order in which to apply them.
 */
export function gitopsManifests(): readonly KubeObject[] {
  const namespace: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: GITOPS_NAMESPACE, labels } };
  const account: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kustomize-controller', namespace: GITOPS_NAMESPACE, labels } };
  const binding: ClusterRoleBinding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'cluster-reconciler-flux-system', labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'kustomize-controller', namespace: GITOPS_NAMESPACE }],
  };
  return [...fluxKinds.map((kind) => crdOf(kind, { labels, alsoServed: OLDER_VERSIONS[kind.kind] ?? [] })), namespace, account, binding];
}
