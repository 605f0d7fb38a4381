import type { KubeObject } from '@plinth/apimachinery';
import { workerUser, type GitCredentials } from '../config/identity.ts';

export interface GitServerAddress {
  /** `https://localhost:31443` */
  readonly url: string;
  readonly ca: string;
  readonly credentials: GitCredentials;
}

/** The namespace of the platform's controllers and their secrets. */
const platformNamespace = 'kratix-platform-system';
const fluxNamespace = 'flux-system';

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

function gitSource(name: string, git: GitServerAddress, repository: string): readonly KubeObject[] {
  return [
    secret(fluxNamespace, 'git-server', { 'ca.crt': git.ca }),
    object('source.toolkit.fluxcd.io/v1', 'GitRepository', { name, namespace: fluxNamespace }, {
      spec: { url: `${git.url}/gitea_admin/${repository}`, interval: '1m', ref: { branch: 'main' }, secretRef: { name: 'git-server' } },
    }),
  ];
}

function kustomization(name: string, source: string, path: string, dependsOn: readonly string[] = []): KubeObject {
  return object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', { name, namespace: fluxNamespace }, {
    spec: {
      interval: '5m',
      retryInterval: '10s',
      prune: true,
      path,
      sourceRef: { kind: 'GitRepository', name: source },
      ...(dependsOn.length > 0 ? { dependsOn: dependsOn.map((each) => ({ name: each })) } : {}),
    },
  });
}

function secret(namespace: string, name: string, values: Readonly<Record<string, string>>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return object('v1', 'Secret', { name, namespace }, { type: 'Opaque', data });
}

function object(apiVersion: string, kind: string, metadata: KubeObject['metadata'], rest: object): KubeObject {
  return { apiVersion, kind, metadata, ...rest };
}
