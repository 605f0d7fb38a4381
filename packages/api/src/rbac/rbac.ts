import type { KubeObject } from '@plinth/apimachinery';
import { list, object, string, stringList, type Of } from '../schema/fields.ts';
import { builtinKind, type Column, type ObjectIn } from '../schema/kind.ts';
import { age } from '../schema/age.ts';
import { labelSelector } from '../schema/meta.ts';

const policyRule = object(
  'What may be done to which resources.',
  {
    verbs: stringList('get, list, watch, create, update, patch, delete ...; * for all.'),
    apiGroups: stringList('API groups; the empty string for the core group, * for all.'),
    resources: stringList('Resources and subresources (pods/log); * for all.'),
    resourceNames: stringList('Names of objects; all when absent.'),
    nonResourceURLs: stringList('Paths outside of the resources; only in ClusterRoles.'),
  },
  ['verbs'],
);
export interface PolicyRule extends Of<typeof policyRule> {}

const subject = object(
  'Who.',
  {
    kind: string('User, Group or ServiceAccount.'),
    apiGroup: string('rbac.authorization.k8s.io for users and groups, empty for service accounts.'),
    name: string('Name of the subject.'),
    namespace: string('Namespace of the service account.'),
  },
  ['kind', 'name'],
  { 'x-kubernetes-map-type': 'atomic' },
);
export interface Subject extends Of<typeof subject> {}

const roleRef = object(
  'The role that is given. Cannot be changed.',
  { apiGroup: string('rbac.authorization.k8s.io'), kind: string('Role or ClusterRole.'), name: string('Name of the role.') },
  ['kind', 'name'],
  { 'x-kubernetes-map-type': 'atomic' },
);

const rules = list('What may be done.', policyRule);
const createdAt: Column = { name: 'Created At', type: 'string', description: 'When it was created.', jsonPath: '.metadata.creationTimestamp' };
interface Binding extends KubeObject {
  readonly roleRef: Of<typeof roleRef>;
  readonly subjects?: readonly Subject[];
}
const namesOf = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter((s) => s.kind === kind)
    .map((s) => (kind === 'ServiceAccount' ? `${s.namespace}/${s.name}` : s.name))
    .join(', ');
const bindingColumns: readonly Column<Binding>[] = [
  { name: 'Role', type: 'string', description: 'The role that is given.', value: (b) => `${b.roleRef.kind}/${b.roleRef.name}` },
  age,
  { name: 'Users', type: 'string', priority: 1, description: 'Users.', value: (b) => namesOf(b, 'User') },
  { name: 'Groups', type: 'string', priority: 1, description: 'Groups.', value: (b) => namesOf(b, 'Group') },
  { name: 'ServiceAccounts', type: 'string', priority: 1, description: 'Service accounts.', value: (b) => namesOf(b, 'ServiceAccount') },
];

const group = 'rbac.authorization.k8s.io';

export const roles = builtinKind({
  group,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  description: 'Rights in one namespace.',
  fields: { rules },
  columns: [createdAt],
});
export interface Role extends ObjectIn<typeof roles> {}

export const clusterRoles = builtinKind({
  group,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  description: 'Rights in the whole cluster, or in the namespaces where it is bound.',
  fields: {
    rules,
    aggregationRule: object('Take the rules of other ClusterRoles.', { clusterRoleSelectors: list('Which ClusterRoles.', labelSelector) }),
  },
  columns: [createdAt],
});
export interface ClusterRole extends ObjectIn<typeof clusterRoles> {}

export const roleBindings = builtinKind({
  group,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  description: 'Gives a role to subjects in one namespace.',
  fields: { subjects: list('Who gets the role.', subject), roleRef },
  required: ['roleRef'],
  columns: bindingColumns,
});
export interface RoleBinding extends ObjectIn<typeof roleBindings> {}

export const clusterRoleBindings = builtinKind({
  group,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  description: 'Gives a ClusterRole to subjects in the whole cluster.',
  fields: { subjects: list('Who gets the role.', subject), roleRef },
  required: ['roleRef'],
  columns: bindingColumns,
});
export interface ClusterRoleBinding extends ObjectIn<typeof clusterRoleBindings> {}
