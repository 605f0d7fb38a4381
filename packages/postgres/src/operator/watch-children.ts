import { cronJobs, podDisruptionBudgets, secrets, services, statefulSets } from '@plinth/api';
import { deepEqual, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import type { Cache } from '@plinth/controller-runtime';

/** What the operator keeps as wanted, whoever changes it. Pods have an informer of their own; volumes are the StatefulSet's. */
const kinds = [services, secrets, statefulSets, podDisruptionBudgets, cronJobs];

/**
 * Tells which cluster lost an object or had one changed, by hand or by the operator itself, from when the informers have
 * synced until the cache ends. What only a status says is no change.
 */
export function watchChildren(cache: Cache, scope: { readonly namespace?: string }, disturbed: (cluster: ObjectKey) => void): void {
  const tell = (object: KubeObject): void => {
    const cluster = clusterOf(object);
    if (cluster) disturbed(cluster);
  };
  for (const resource of kinds) {
    cache.informer(resource, { ...scope, labelSelector: 'application=spilo' }).subscribe({
      updated: (object, previous) => {
        if (!deepEqual(contentOf(object), contentOf(previous))) tell(object);
      },
      deleted: tell,
    });
  }
}

/** The cluster that an object belongs to, by its label. */
export function clusterOf({ metadata }: KubeObject): ObjectKey | undefined {
  const name = metadata.labels?.['cluster-name'];
  return name ? { namespace: metadata.namespace ?? 'default', name } : undefined;
}

/** The parts of the kinds above that somebody wishes, and the wish to delete. */
function contentOf(object: KubeObject): object {
  const { spec, data, metadata } = object as KubeObject & { readonly spec?: unknown; readonly data?: unknown };
  return { spec, data, labels: metadata.labels, owners: metadata.ownerReferences, deletionTimestamp: metadata.deletionTimestamp };
}
