import { bucketStateStores, crdOf, destinations, dryRuns, gitStateStores, healthRecords, promiseReleases, promiseRevisions, promises, resourceBindings, workPlacements, works } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { CONTROLLER_SERVICE_ACCOUNT, PLATFORM_GROUP, PLATFORM_NAMESPACE } from '../naming/constants.ts';

/** Everything that a cluster needs before the platform's controllers can run on it, in the order in which to apply it. */
export function platformManifests(): readonly KubeObject[] {
  const role = { name: 'kratix-platform-manager-role' };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PLATFORM_NAMESPACE } } as KubeObject,
    ...PLATFORM_KINDS.map((kind) => crdOf(kind)),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: CONTROLLER_SERVICE_ACCOUNT, namespace: PLATFORM_NAMESPACE } } as KubeObject,
    { apiVersion: RBAC, kind: 'ClusterRole', metadata: role, rules: CONTROLLER_RULES } as KubeObject,
    {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'kratix-platform-manager-rolebinding' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.name },
      subjects: [{ kind: 'ServiceAccount', name: CONTROLLER_SERVICE_ACCOUNT, namespace: PLATFORM_NAMESPACE }],
    } as KubeObject,
  ];
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const PLATFORM_KINDS = [promises, promiseRevisions, promiseReleases, resourceBindings, destinations, gitStateStores, bucketStateStores, works, workPlacements, healthRecords, dryRuns];

const FOLLOW = ['get', 'list', 'watch'];
const CHANGE = ['create', 'update', 'patch', 'delete'];

/**
 * What the controller may do. Rights on the requests of a Promise come from a role per Promise, which the controller
 * makes itself; hence `escalate` and `bind`.
 */
export const CONTROLLER_RULES = [
  { apiGroups: [PLATFORM_GROUP], resources: PLATFORM_KINDS.map((kind) => kind.plural), verbs: [...FOLLOW, ...CHANGE] },
  { apiGroups: [PLATFORM_GROUP], resources: PLATFORM_KINDS.map((kind) => `${kind.plural}/status`), verbs: ['get', 'update', 'patch'] },
  { apiGroups: [PLATFORM_GROUP], resources: PLATFORM_KINDS.map((kind) => `${kind.plural}/finalizers`), verbs: ['update'] },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: [...FOLLOW, ...CHANGE] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: [...FOLLOW, ...CHANGE] },
  { apiGroups: [''], resources: ['pods'], verbs: [...FOLLOW, 'delete'] },
  { apiGroups: [''], resources: ['serviceaccounts', 'configmaps'], verbs: [...FOLLOW, ...CHANGE] },
  { apiGroups: [''], resources: ['secrets'], verbs: FOLLOW },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'clusterroles'], verbs: [...FOLLOW, ...CHANGE, 'bind', 'escalate'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings', 'clusterrolebindings'], verbs: [...FOLLOW, ...CHANGE] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: FOLLOW },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];
