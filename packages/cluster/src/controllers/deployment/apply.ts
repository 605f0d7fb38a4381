import { deployments, replicaSets } from '@plinth/api';
import { isAlreadyExists, keyOf } from '@plinth/apimachinery';
import type { EventRecorder } from '../../events/recorder.ts';
import type { ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS, REVISION, rollingBounds, type DeploymentSnapshot, type DeploymentStep } from './plan.ts';

export async function applyDeploymentStep({ cache }: ControllerContext, events: EventRecorder, { deployment, replicaSets: known }: DeploymentSnapshot, step: DeploymentStep): Promise<void> {
  const { client } = cache;
  const desired = deployment.spec?.replicas ?? 1;
  const note = (message: string): void => events.record(deployments, deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  switch (step.type) {
    case 'create': {
      const { name } = step.replicaSet.metadata;
      try {
        await client.create(replicaSets, step.replicaSet);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        // The name is taken by a ReplicaSet with another template: the next round hashes with another count.
        if (known.some((replicaSet) => replicaSet.metadata.name === name)) await countCollision(client, deployment);
        return;
      }
      note(`Scaled up replica set ${name} from 0 to ${step.replicaSet.spec?.replicas ?? 0}`);
      return;
    }
    case 'update': {
      const before = step.replicaSet.spec?.replicas ?? 1;
      const annotations = {
        ...(step.revision ? { [REVISION]: step.revision } : {}),
        [DESIRED_REPLICAS]: String(desired),
        [MAX_REPLICAS]: String(desired + rollingBounds(deployment).maxSurge),
      };
      await client.patch(replicaSets, keyOf(step.replicaSet), 'merge', { metadata: { annotations }, spec: { replicas: step.replicas } });
      if (before !== step.replicas) note(`Scaled ${before < step.replicas ? 'up' : 'down'} replica set ${step.replicaSet.metadata.name} from ${before} to ${step.replicas}`);
      return;
    }
    case 'delete':
      return deleteObject(client, replicaSets, step.replicaSet);
    default:
      step satisfies never;
  }
}

async function countCollision(client: ControllerContext['cache']['client'], deployment: DeploymentSnapshot['deployment']): Promise<void> {
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  await client.updateStatus(deployments, { ...deployment, status } as typeof deployment);
}
