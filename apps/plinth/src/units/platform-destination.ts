import type { KubeObject } from '@plinth/apimachinery';
import { reporterManifests } from '@plinth/gitops-agent';
import { fluxNamespace, gitSource, kustomization, object, type GitServerAddress } from './manifest-parts.ts';

/**
 * The platform cluster as a destination of its own: what a Promise asks of other Promises goes there through the store, like
 * everything else.
 *
 * Who applies it may do that and no more: what requests made, only requests of Promises; what belongs to a Promise, only
 * Promises. Work without selectors stays away (`strictMatchLabels`).
 */
export function platformAsDestination(git: GitServerAddress): readonly KubeObject[] {
  return [
    object('platform.kratix.io/v1alpha1', 'Destination', { name: 'platform-cluster', labels: { environment: 'platform' } }, {
      spec: { path: 'platform-cluster', strictMatchLabels: true, stateStoreRef: { kind: 'GitStateStore', name: 'default' } },
    }),
    ...gitSource('kratix', git, 'kratix'),
    ...reporterManifests('platform-cluster', platformReporterUser),
    kustomization('kratix-platform-dependencies', 'kratix', './platform-cluster/dependencies', [], PROMISE_INSTALLER),
    kustomization(requesterKustomization, 'kratix', './platform-cluster/resources', [], REQUESTER),
    object('v1', 'Namespace', { name: CANARY_NAMESPACE }, {}),
    ...serviceAccount(REQUESTER, { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [REQUESTER_AGGREGATION]: 'true' } }] } }),
    ...serviceAccount(PROMISE_INSTALLER, {
      rules: [
        { apiGroups: ['platform.kratix.io'], resources: ['promises', 'promisereleases'], verbs: ALL },
        { apiGroups: [''], resources: ['namespaces'], resourceNames: [CANARY_NAMESPACE], verbs: ['get', 'patch'] },
      ],
    }),
    // The file by which a destination shows that its agent works.
    object(RBAC, 'Role', { name: REQUESTER, namespace: CANARY_NAMESPACE }, { rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['kratix-info'], verbs: ALL }] }),
    object(RBAC, 'RoleBinding', { name: REQUESTER, namespace: CANARY_NAMESPACE }, {
      roleRef: { apiGroup: GROUP, kind: 'Role', name: REQUESTER },
      subjects: [{ kind: 'ServiceAccount', name: REQUESTER, namespace: fluxNamespace }],
    }),
  ];
}

/** Who says on the platform what the platform cluster, as a destination, has applied. */
export const platformReporterUser = 'plinth:destination:platform-cluster';

/** What the agent applies of it is labelled with the Kustomization's name; see `keep-others-requests.ts`. */
export const requesterKustomization = 'kratix-platform-resources';

/** The Kustomizations that apply its files. */
export const platformKustomizations = ['kratix-platform-dependencies', requesterKustomization].map((name) => ({ namespace: fluxNamespace, name }));

/** A ServiceAccount for Kustomizations, with a role of its own. */
function serviceAccount(name: string, role: object): readonly KubeObject[] {
  return [
    object('v1', 'ServiceAccount', { name, namespace: fluxNamespace }, {}),
    object(RBAC, 'ClusterRole', { name }, role),
    object(RBAC, 'ClusterRoleBinding', { name }, { roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name }, subjects: [{ kind: 'ServiceAccount', name, namespace: fluxNamespace }] }),
  ];
}

const REQUESTER = 'plinth-requester';
/** Who applies what requests made. */
export const requesterUser = `system:serviceaccount:${fluxNamespace}:${REQUESTER}`;
const PROMISE_INSTALLER = 'plinth-promise-installer';
/** The role of each Promise for those who ask for it carries this label (`packages/platform/src/promise/controller-role.ts`). */
const REQUESTER_AGGREGATION = 'rbac.kratix.io/aggregate-to-requester';
const CANARY_NAMESPACE = 'kratix-worker-system';
const GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${GROUP}/v1`;
const ALL = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
