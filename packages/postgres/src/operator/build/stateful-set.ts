import type { OperatorSettings, Resources } from '../configuration.ts';
import { baseLabels, fullLabels, podAccount, secretName, standbyName, superuserName } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';
import { childMeta, type Child } from './child.ts';

/** Parameters that all members must agree on: Patroni keeps them in its store, under `bootstrap.dcs`. */
const sharedParameters = new Set(['max_connections', 'max_locks_per_transaction', 'max_worker_processes', 'max_prepared_transactions', 'wal_level', 'wal_log_hints', 'track_commit_timestamp', 'max_wal_senders', 'max_replication_slots']);

/** The servers and their storage. Pods are replaced by the operator (`OnDelete`), one after the other. */
export function statefulSet(cluster: Cluster, settings: OperatorSettings): Child {
  const { spec } = cluster.source;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMeta(cluster, cluster.name),
    spec: {
      replicas: cluster.instances,
      serviceName: cluster.name,
      selector: { matchLabels: baseLabels(cluster.name) },
      updateStrategy: { type: 'OnDelete' },
      podManagementPolicy: 'OrderedReady',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: {
        metadata: { labels: fullLabels(cluster.name, cluster.team), ...(spec.podAnnotations ? { annotations: spec.podAnnotations } : {}) },
        spec: podSpec(cluster, settings),
      },
      volumeClaimTemplates: [claimTemplate(cluster)],
    },
  };
}

function podSpec(cluster: Cluster, settings: OperatorSettings): Readonly<Record<string, unknown>> {
  const { spec } = cluster.source;
  const sharedMemory = spec.enableShmVolume !== false;
  return {
    serviceAccountName: podAccount,
    terminationGracePeriodSeconds: settings.terminationGraceSeconds,
    ...(spec.nodeAffinity ? { affinity: { nodeAffinity: spec.nodeAffinity } } : {}),
    ...(spec.tolerations ? { tolerations: spec.tolerations } : {}),
    ...(spec.topologySpreadConstraints ? { topologySpreadConstraints: spec.topologySpreadConstraints } : {}),
    ...(spec.schedulerName ? { schedulerName: spec.schedulerName } : {}),
    ...(spec.podPriorityClassName ? { priorityClassName: spec.podPriorityClassName } : {}),
    ...(spec.initContainers?.length ? { initContainers: spec.initContainers } : {}),
    containers: [
      {
        name: 'postgres',
        image: spec.dockerImage || settings.image,
        imagePullPolicy: 'IfNotPresent',
        ports: [8008, 5432, 8080].map((containerPort) => ({ containerPort, protocol: 'TCP' })),
        env: environment(cluster),
        ...(spec.envFrom?.length ? { envFrom: spec.envFrom } : {}),
        resources: resources(spec.resources, settings.defaultResources),
        securityContext: { privileged: false, readOnlyRootFilesystem: false, allowPrivilegeEscalation: true },
        volumeMounts: [
          { name: 'pgdata', mountPath: '/home/postgres/pgdata', ...(spec.volume.subPath ? { subPath: spec.volume.subPath } : {}) },
          ...(sharedMemory ? [{ name: 'dshm', mountPath: '/dev/shm' }] : []),
        ],
      },
      ...sidecars(cluster),
    ],
    ...(sharedMemory ? { volumes: [{ name: 'dshm', emptyDir: { medium: 'Memory' } }] } : {}),
  };
}

/** In upstream's order; a user's own variables come last and cannot replace these. */
function environment(cluster: Cluster): readonly object[] {
  const { spec } = cluster.source;
  const field = (fieldPath: string): object => ({ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
  const ours: readonly { readonly name: string; readonly [key: string]: unknown }[] = [
    { name: 'SCOPE', value: cluster.name },
    { name: 'PGROOT', value: '/home/postgres/pgdata/pgroot' },
    { name: 'POD_IP', ...field('status.podIP') },
    { name: 'POD_NAMESPACE', ...field('metadata.namespace') },
    { name: 'PGUSER_SUPERUSER', value: superuserName },
    { name: 'KUBERNETES_SCOPE_LABEL', value: 'cluster-name' },
    { name: 'KUBERNETES_ROLE_LABEL', value: 'spilo-role' },
    { name: 'PGPASSWORD_SUPERUSER', ...passwordOf(superuserName, cluster) },
    { name: 'PGUSER_STANDBY', value: standbyName },
    { name: 'PGPASSWORD_STANDBY', ...passwordOf(standbyName, cluster) },
    { name: 'PAM_OAUTH2', value: '' },
    { name: 'HUMAN_ROLE', value: 'zalandos' },
    { name: 'PGVERSION', value: cluster.version },
    { name: 'KUBERNETES_LABELS', value: '{"application":"spilo"}' },
    { name: 'SPILO_CONFIGURATION', value: JSON.stringify(spiloConfiguration(cluster)) },
    { name: 'DCS_ENABLE_KUBERNETES_API', value: 'true' },
    { name: 'KUBERNETES_USE_CONFIGMAPS', value: 'true' },
    { name: 'KUBERNETES_BOOTSTRAP_LABELS', value: '{"critical-operation":"true"}' },
  ];
  const taken = new Set(ours.map(({ name }) => name));
  const theirs = (spec.env ?? []) as readonly { readonly name?: unknown }[];
  return [...ours, ...theirs.filter(({ name }) => typeof name === 'string' && !taken.has(name))];
}

const passwordOf = (user: string, cluster: Cluster): object => ({ valueFrom: { secretKeyRef: { name: secretName(user, cluster.name), key: 'password' } } });

function spiloConfiguration(cluster: Cluster): object {
  const all = Object.entries(cluster.parameters);
  const { initdb, pg_hba: accessRules, ...dcs } = cluster.source.spec.patroni ?? {};
  return {
    postgresql: { parameters: Object.fromEntries(all.filter(([name]) => !sharedParameters.has(name))), ...(accessRules?.length ? { pg_hba: accessRules } : {}) },
    bootstrap: {
      initdb: Object.entries(initdb ?? {}).map(([name, value]) => (value === 'true' ? name : { [name]: value })),
      dcs: { ...dcs, postgresql: { parameters: Object.fromEntries(all.filter(([name]) => sharedParameters.has(name))) } },
    },
  };
}

/** Missing values come from the operator's defaults. A limit below its request would be refused: it is raised. */
function resources(wanted: { readonly requests?: object; readonly limits?: object } | undefined, defaults: Resources): Resources {
  return {
    requests: { ...defaults.requests, ...(wanted?.requests as Record<string, string> | undefined) },
    limits: { ...defaults.limits, ...(wanted?.limits as Record<string, string> | undefined) },
  };
}

function sidecars(cluster: Cluster): readonly object[] {
  const credentials = [
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } },
    { name: 'POSTGRES_USER', value: superuserName },
    { name: 'POSTGRES_PASSWORD', ...passwordOf(superuserName, cluster) },
  ];
  return ((cluster.source.spec.sidecars ?? []) as readonly { readonly name?: string; readonly env?: readonly object[] }[]).map((sidecar, index) => ({
    ...sidecar,
    name: sidecar.name || `sidecar-${index}`,
    env: [...credentials, ...(sidecar.env ?? [])],
    volumeMounts: [{ name: 'pgdata', mountPath: '/home/postgres/pgdata' }],
  }));
}

function claimTemplate(cluster: Cluster): object {
  const { volume } = cluster.source.spec;
  return {
    metadata: { name: 'pgdata', labels: fullLabels(cluster.name, cluster.team) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: volume.size } },
      ...(volume.storageClass ? { storageClassName: volume.storageClass } : {}),
      ...(volume.selector ? { selector: volume.selector } : {}),
    },
  };
}
