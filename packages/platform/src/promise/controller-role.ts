import type { CustomResourceDefinition } from '@plinth/api';
import { CONTROLLER_SERVICE_ACCOUNT, PLATFORM_NAMESPACE } from '../naming/constants.ts';
import { LABELS } from '../naming/labels.ts';
import type { DesiredObject } from '../workflow/pipeline-objects.ts';

/** Roles with this label are in the ClusterRole of those who may ask for anything. */
export const REQUESTER_AGGREGATION = 'rbac.kratix.io/aggregate-to-requester';

/** What gives the platform's controller its rights on the requests of one Promise (contract, section 2.4), and ours: what lets others make them. */
export function controllerRole(promiseName: string, api: CustomResourceDefinition): readonly DesiredObject[] {
  const { group, names } = api.spec;
  const metadata = { name: `${promiseName}-promise-controller`, labels: { [LABELS.promiseName]: promiseName } };
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: [
        { apiGroups: [group], resources: [names.plural], verbs: ['*'] },
        { apiGroups: [group], resources: [`${names.plural}/finalizers`], verbs: ['update'] },
        { apiGroups: [group], resources: [`${names.plural}/status`], verbs: ['get', 'update', 'patch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: CONTROLLER_SERVICE_ACCOUNT, namespace: PLATFORM_NAMESPACE }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${promiseName}-promise-requester`, labels: { ...metadata.labels, [REQUESTER_AGGREGATION]: 'true' } },
      rules: [{ apiGroups: [group], resources: [names.plural], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] }],
    },
  ];
}
