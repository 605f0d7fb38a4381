import { DEFAULT_INGRESS_CLASS_ANNOTATION } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { INGRESS_CONTROLLER } from '@plinth/cluster';
import { reporterManifests } from '@plinth/gitops-agent';
import { workerUser } from '../config/identity.ts';
import { gitSource, kustomization, object, platformNamespace, secret, type GitServerAddress } from './manifest-parts.ts';
import { platformAsDestination } from './platform-destination.ts';

/** Where requests become manifests: the state store, the worker as a destination, and who reports its health. */
export function platformObjects(git: GitServerAddress): readonly KubeObject[] {
  return [
    secret(platformNamespace, 'gitea-credentials', { username: git.credentials.username, password: git.credentials.password, 'ca.crt': git.ca }),
    object('platform.kratix.io/v1alpha1', 'GitStateStore', { name: 'default' }, {
      spec: {
        url: `${git.url}/gitea_admin/kratix`,
        branch: 'main',
        authMethod: 'basicAuth',
        gitAuthor: { name: 'plinth', email: 'plinth@localhost' },
        secretRef: { name: 'gitea-credentials', namespace: platformNamespace },
      },
    }),
    object('platform.kratix.io/v1alpha1', 'Destination', { name: 'worker-cluster', labels: { environment: 'dev' } }, {
      spec: { path: 'worker-cluster', stateStoreRef: { kind: 'GitStateStore', name: 'default' } },
    }),
    ...reporterManifests('worker-cluster', workerUser),
    ...platformAsDestination(git),
    ...gitSource('requests', git, 'requests'),
    kustomization('requests', 'requests', './'),
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: reporterRole }, {
      rules: [{ apiGroups: ['platform.kratix.io'], resources: ['healthrecords'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] }],
    }),
    object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', { name: `${reporterRole}-worker-cluster` }, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: reporterRole },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: workerUser }],
    }),
  ];
}

/** What applies the state store's folder of this worker. */
export function workerObjects(git: GitServerAddress): readonly KubeObject[] {
  return [
    object('networking.k8s.io/v1', 'IngressClass', { name: 'plinth', annotations: { [DEFAULT_INGRESS_CLASS_ANNOTATION]: 'true' } }, { spec: { controller: INGRESS_CONTROLLER } }),
    ...gitSource('kratix', git, 'kratix'),
    kustomization('kratix-worker-dependencies', 'kratix', './worker-cluster/dependencies'),
    kustomization('kratix-worker-resources', 'kratix', './worker-cluster/resources', ['kratix-worker-dependencies']),
    object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: healthAgentUser }, {
      rules: [
        { apiGroups: ['acid.zalan.do'], resources: ['postgresqls'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['services', 'secrets'], verbs: ['get'] },
      ],
    }),
    object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', { name: healthAgentUser }, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: healthAgentUser },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: healthAgentUser }],
    }),
  ];
}

/** What a worker may do on the platform cluster: write HealthRecords and nothing else. */
const reporterRole = 'plinth-health-reporter';

/** Who logs in to databases to see how they are, on the worker cluster. */
export const healthAgentUser = 'plinth:health-agent';
