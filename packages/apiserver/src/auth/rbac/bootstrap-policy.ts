import type { UnstructuredObject } from '@plinth/apimachinery';

/**
 * The roles and bindings that every cluster has from its first start, under Kubernetes' names.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
 */
export function bootstrapPolicy(): readonly UnstructuredObject[] {
  return [...clusterRoles, ...clusterRoleBindings];
}

interface RuleText {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const group = 'rbac.authorization.k8s.io';
const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const all = ['*'];

const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): RuleText => ({ apiGroups, resources, verbs });
const paths = (...nonResourceURLs: readonly string[]): RuleText => ({ nonResourceURLs, verbs: ['get'] });

function metadata(name: string, labels: Readonly<Record<string, string>> = {}): UnstructuredObject['metadata'] {
  return { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels }, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } };
}

function role(name: string, rules: readonly RuleText[], labels?: Readonly<Record<string, string>>): UnstructuredObject {
  return { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: metadata(name, labels), rules };
}

const aggregationLabel = (to: string): string => `rbac.authorization.k8s.io/aggregate-to-${to}`;

/** `parts`: what is in it at first; whatever carries the label later is in it too. */
function aggregate(name: string, parts: readonly RuleText[], labels?: Readonly<Record<string, string>>): UnstructuredObject {
  return { ...role(name, parts, labels), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregationLabel(name)]: 'true' } }] } };
}

const viewRules: readonly RuleText[] = [
  rule([''], ['configmaps', 'endpoints', 'persistentvolumeclaims', 'persistentvolumeclaims/status', 'pods', 'replicationcontrollers', 'replicationcontrollers/scale', 'serviceaccounts', 'services', 'services/status'], read),
  rule([''], ['bindings', 'events', 'limitranges', 'namespaces/status', 'pods/log', 'pods/status', 'replicationcontrollers/status', 'resourcequotas', 'resourcequotas/status'], read),
  rule([''], ['namespaces'], read),
  rule(['discovery.k8s.io'], ['endpointslices'], read),
  rule(['apps'], ['controllerrevisions', 'daemonsets', 'daemonsets/status', 'deployments', 'deployments/scale', 'deployments/status', 'replicasets', 'replicasets/scale', 'replicasets/status', 'statefulsets', 'statefulsets/scale', 'statefulsets/status'], read),
  rule(['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], read),
  rule(['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], read),
  rule(['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status'], read),
  rule(['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies'], read),
  rule(['events.k8s.io'], ['events'], read),
];
const editRules: readonly RuleText[] = [
  rule([''], ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'], read),
  rule([''], ['serviceaccounts'], ['impersonate']),
  rule([''], ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], write),
  rule([''], ['pods/eviction'], ['create']),
  rule([''], ['configmaps', 'events', 'persistentvolumeclaims', 'replicationcontrollers', 'replicationcontrollers/scale', 'secrets', 'serviceaccounts', 'services', 'services/proxy'], write),
  rule([''], ['serviceaccounts/token'], ['create']),
  rule(['apps'], ['daemonsets', 'deployments', 'deployments/rollback', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale'], write),
  rule(['autoscaling'], ['horizontalpodautoscalers'], write),
  rule(['batch'], ['cronjobs', 'jobs'], write),
  rule(['policy'], ['poddisruptionbudgets'], write),
  rule(['networking.k8s.io'], ['ingresses', 'networkpolicies'], write),
  rule(['coordination.k8s.io'], ['leases'], [...write, ...read]),
];
const adminRules: readonly RuleText[] = [
  rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  rule([group], ['rolebindings', 'roles'], [...write, ...read]),
];

/**
 * The workload controllers of an embedded cluster act as one user, so their rights are one role: what each needs to make,
 * the garbage collector's and the namespace controller's right to look at and delete anything, and nothing of RBAC.
 */
const controllerManagerRules: readonly RuleText[] = [
  rule(all, all, ['get', 'list', 'watch', 'delete', 'deletecollection', 'patch', 'update']),
  rule([''], ['pods', 'persistentvolumeclaims', 'persistentvolumes', 'endpoints', 'events', 'serviceaccounts', 'configmaps', 'secrets'], ['create']),
  rule([''], ['pods/eviction', 'pods/binding', 'bindings', 'serviceaccounts/token'], ['create']),
  rule([''], ['namespaces/finalize', 'namespaces/status'], ['update', 'patch']),
  rule(['apps'], ['replicasets', 'controllerrevisions'], ['create']),
  rule(['batch'], ['jobs'], ['create']),
  rule(['discovery.k8s.io'], ['endpointslices'], ['create']),
  rule(['events.k8s.io'], ['events'], ['create']),
  rule(['coordination.k8s.io'], ['leases'], ['create']),
  rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
  rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  paths('*'),
];

/** What a node may do whatever runs on it. What depends on that is decided by the node authorizer. */
const nodeRules: readonly RuleText[] = [
  rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
  rule(['authorization.k8s.io'], ['subjectaccessreviews', 'localsubjectaccessreviews'], ['create']),
  rule([''], ['services', 'endpoints', 'namespaces', 'persistentvolumes'], read),
  rule(['discovery.k8s.io'], ['endpointslices'], read),
  rule([''], ['nodes'], ['create', ...read]),
  rule([''], ['pods'], read),
  rule([''], ['events'], ['create', 'patch', 'update']),
  rule(['events.k8s.io'], ['events'], ['create', 'patch', 'update']),
  rule(['coordination.k8s.io'], ['leases'], ['create', 'get', 'list', 'watch']),
  rule(['storage.k8s.io'], ['storageclasses', 'csidrivers', 'csinodes', 'volumeattachments'], read),
];

const clusterRoles: readonly UnstructuredObject[] = [
  role('cluster-admin', [rule(all, all, all), { nonResourceURLs: all, verbs: all }]),
  role('system:basic-user', [
    rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ]),
  role('system:discovery', [paths('/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/')]),
  role('system:public-info-viewer', [paths('/healthz', '/livez', '/readyz', '/version', '/version/')]),
  role('system:monitoring', [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')]),
  aggregate('admin', [...adminRules, ...editRules, ...viewRules]),
  aggregate('edit', [...editRules, ...viewRules], { [aggregationLabel('admin')]: 'true' }),
  aggregate('view', viewRules, { [aggregationLabel('edit')]: 'true' }),
  role('system:aggregate-to-admin', adminRules, { [aggregationLabel('admin')]: 'true' }),
  role('system:aggregate-to-edit', editRules, { [aggregationLabel('edit')]: 'true' }),
  role('system:aggregate-to-view', viewRules, { [aggregationLabel('view')]: 'true' }),
  role('system:auth-delegator', [rule(['authentication.k8s.io'], ['tokenreviews'], ['create']), rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create'])]),
  role('system:kube-controller-manager', controllerManagerRules),
  role('system:kube-scheduler', [
    rule([''], ['nodes', 'namespaces', 'pods', 'services', 'persistentvolumes', 'persistentvolumeclaims'], read),
    rule([''], ['pods'], ['delete']),
    rule([''], ['bindings', 'pods/binding'], ['create']),
    rule([''], ['pods/status'], ['patch', 'update']),
    rule(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']),
  ]),
  role('system:node', nodeRules),
];

function binding(name: string, roleName: string, ...subjects: readonly { readonly kind: 'User' | 'Group'; readonly name: string }[]): UnstructuredObject {
  return {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: roleName },
    subjects: subjects.map((subject) => ({ apiGroup: group, ...subject })),
  };
}

const users = (name: string) => ({ kind: 'User' as const, name });
const groups = (name: string) => ({ kind: 'Group' as const, name });

const clusterRoleBindings: readonly UnstructuredObject[] = [
  binding('cluster-admin', 'cluster-admin', groups('system:masters')),
  binding('system:basic-user', 'system:basic-user', groups('system:authenticated')),
  binding('system:discovery', 'system:discovery', groups('system:authenticated')),
  binding('system:public-info-viewer', 'system:public-info-viewer', groups('system:authenticated'), groups('system:unauthenticated')),
  binding('system:monitoring', 'system:monitoring', groups('system:monitoring')),
  binding('system:kube-controller-manager', 'system:kube-controller-manager', users('system:kube-controller-manager')),
  binding('system:kube-scheduler', 'system:kube-scheduler', users('system:kube-scheduler')),
  binding('system:node', 'system:node', groups('system:nodes')),
];
