import type { KubeObject, OwnerReference } from '@plinth/apimachinery';
import { postgresqls } from '@plinth/api';
import { fullLabels } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';

/** A child object before the API server has seen it. */
export interface Child extends KubeObject {
  readonly [field: string]: unknown;
}

/** Name, namespace, labels and owner of a child. */
export function childMeta(cluster: Cluster, name: string, labels: Readonly<Record<string, string>> = {}): Child['metadata'] {
  return {
    name,
    namespace: cluster.namespace,
    labels: { ...fullLabels(cluster.name, cluster.team), ...labels },
    ownerReferences: [ownerOf(cluster)],
  };
}

/** So that tools can show the tree. The finalizer has removed everything in its order before the collector could. */
const ownerOf = (cluster: Cluster): OwnerReference => ({
  apiVersion: `${postgresqls.group}/${postgresqls.version}`,
  kind: postgresqls.kind,
  name: cluster.name,
  uid: cluster.uid,
  controller: true,
});
