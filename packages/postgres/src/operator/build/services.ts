import { baseLabels, replicaService, roleLabel } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';
import { childMeta, type Child } from './child.ts';

/** The Service that leads to the primary: the one that clients connect to. */
export const masterService = (cluster: Cluster): Child => service(cluster, 'master', cluster.name);
/** The Service that leads to the replicas. Without replicas nobody answers there. */
export const replicasService = (cluster: Cluster): Child => service(cluster, 'replica', replicaService(cluster.name));

function service(cluster: Cluster, role: 'master' | 'replica', name: string): Child {
  const { spec } = cluster.source;
  const annotations = { ...spec.serviceAnnotations, ...(role === 'master' ? spec.masterServiceAnnotations : spec.replicaServiceAnnotations) };
  const meta = childMeta(cluster, name, { [roleLabel]: role });
  const balanced = role === 'master' ? spec.enableMasterLoadBalancer : spec.enableReplicaLoadBalancer;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: Object.keys(annotations).length > 0 ? { ...meta, annotations } : meta,
    spec: {
      type: balanced ? 'LoadBalancer' : 'ClusterIP',
      // An empty list must not open the database to the world.
      ...(balanced ? { externalTrafficPolicy: 'Cluster', loadBalancerSourceRanges: spec.allowedSourceRanges?.length ? spec.allowedSourceRanges : ['127.0.0.1/32'] } : {}),
      ports: [{ name: 'postgresql', port: 5432, protocol: 'TCP', targetPort: 5432 }],
      selector: { ...baseLabels(cluster.name), [roleLabel]: role },
    },
  };
}
