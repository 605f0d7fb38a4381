import type { HealthRecord } from '@plinth/api';
import type { Health } from './monitor.ts';
import type { Target } from './target.ts';

export const managedBy = { name: 'app.kubernetes.io/managed-by', value: 'plinth-postgres-health' } as const;
/** Leads from a record back to the database on the worker. */
export const databaseAnnotation = 'plinth.dev/database';

/** The record of a database's health; undefined while nothing is known. Holds no password. */
export function healthRecord(target: Target, health: Exclude<Health, { readonly type: 'pending' }>): HealthRecord {
  const { cluster, request } = target;
  const host = `${cluster.name}.${cluster.namespace}.svc.cluster.local`;
  return {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'HealthRecord',
    metadata: {
      ...target.record,
      labels: { [managedBy.name]: managedBy.value, 'kratix.io/promise-name': target.promise, 'kratix.io/resource-name': request.name },
      annotations: { [databaseAnnotation]: `${cluster.namespace}/${cluster.name}` },
    },
    data: {
      promiseRef: { name: target.promise },
      resourceRef: request,
      state: health.type,
      lastRun: Math.floor(health.since.getTime() / 1000),
      details: {
        host,
        port: 5432,
        database: target.database,
        user: target.user,
        secret: `${cluster.namespace}/${target.secret}`,
        ...(health.type === 'ready' ? { address: health.host, latencyMs: health.latencyMs } : { message: health.message }),
      },
    },
  };
}
