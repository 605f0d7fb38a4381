import type { OperatorSettings } from '../configuration.ts';
import { backupName, secretName, superuserName } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';
import { childMeta, type Child } from './child.ts';

/** The dump of all databases at set times. */
export function backupJob(cluster: Cluster, schedule: string, settings: OperatorSettings): Child {
  const podLabels = { 'cluster-name': cluster.name, application: 'spilo-logical-backup', team: cluster.team };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: childMeta(cluster, backupName(cluster.name)),
    spec: {
      schedule,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: podLabels },
        spec: {
          ttlSecondsAfterFinished: 86_400,
          template: {
            metadata: { labels: podLabels },
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'logical-backup', image: settings.backupImage, imagePullPolicy: 'IfNotPresent', env: environment(cluster, settings) }],
            },
          },
        },
      },
    },
  };
}

function environment(cluster: Cluster, settings: OperatorSettings): readonly object[] {
  const plain = {
    SCOPE: cluster.name,
    CLUSTER_NAME_LABEL: 'cluster-name',
    LOGICAL_BACKUP_PROVIDER: 's3',
    LOGICAL_BACKUP_S3_BUCKET: settings.backupBucket,
    LOGICAL_BACKUP_S3_BUCKET_SCOPE_SUFFIX: `/${cluster.uid}`,
    LOGICAL_BACKUP_S3_RETENTION_TIME: cluster.source.spec.logicalBackupRetention ?? '',
    PG_VERSION: cluster.version,
    PGPORT: '5432',
    PGUSER: superuserName,
    PGDATABASE: superuserName,
    PGSSLMODE: 'require',
  };
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } },
    { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: secretName(superuserName, cluster.name), key: 'password' } } },
  ];
}
