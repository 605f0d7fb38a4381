import { deployments, pods, replicaSets, type Deployment, type Pod, type ReplicaSet } from '@plinth/api';
import type { ObjectKey } from '@plinth/apimachinery';
import { claim } from '../claim.ts';
import { dependentsOf, type ControllerContext } from '../controller-context.ts';
import type { DeploymentSnapshot } from './plan.ts';

export async function observeDeployment({ cache }: ControllerContext, key: ObjectKey): Promise<DeploymentSnapshot | undefined> {
  const deployment = cache.informer<Deployment>(deployments).get(key);
  if (!deployment?.spec || deployment.metadata.deletionTimestamp) return undefined;
  const owned = await claim({
    client: cache.client,
    informer: cache.informer<ReplicaSet>(replicaSets),
    ownerResource: deployments,
    owner: deployment,
    selector: deployment.spec.selector,
  });
  const informer = cache.informer<Pod>(pods);
  return { deployment, replicaSets: owned, pods: owned.flatMap((replicaSet) => dependentsOf(informer, replicaSet)) };
}
