import { deployments, pods, replicaSets } from '@plinth/api';
import { keyOf } from '@plinth/apimachinery';
import { done, retryAfter, runController, type Controller } from '@plinth/controller-runtime';
import { controllerOf } from '../../objects/owner.ts';
import { controllerRequest, indexByController, type ControllerContext } from '../controller-context.ts';
import { writeStatus } from '../write-status.ts';
import { applyDeploymentStep } from './apply.ts';
import { observeDeployment } from './observe.ts';
import { currentReplicaSet, planDeployment, REVISION } from './plan.ts';
import { deploymentStatus, progressDeadlineMs } from './status.ts';

/** Keeps the ReplicaSets of Deployments: one per template, rolled over without a gap. */
export function startDeploymentController(context: ControllerContext): Controller {
  const { cache, clock } = context;
  const events = context.events('deployment-controller');
  const replicaSetInformer = cache.informer(replicaSets);
  indexByController(replicaSetInformer);
  indexByController(cache.informer(pods));
  return runController({
    ...context,
    name: 'deployment',
    sources: [
      { informer: cache.informer(deployments) },
      { informer: replicaSetInformer, map: controllerRequest('Deployment') },
      // Only `Recreate` waits for pods: for the last of the old ones to be gone.
      {
        informer: cache.informer(pods),
        predicate: (pod) => Boolean(pod.metadata.deletionTimestamp),
        map: (pod) => {
          const owner = controllerOf(pod);
          const replicaSet = owner?.kind === 'ReplicaSet' ? replicaSetInformer.get({ namespace: pod.metadata.namespace!, name: owner.name }) : undefined;
          return replicaSet ? controllerRequest('Deployment')(replicaSet) : [];
        },
      },
    ],
    reconcile: async (request) => {
      const snapshot = await observeDeployment(context, request);
      if (!snapshot) return done;
      const { deployment } = snapshot;
      for (const step of planDeployment(snapshot)) await applyDeploymentStep(context, events, snapshot, step);
      const now = await observeDeployment(context, request);
      if (!now || now.deployment.metadata.uid !== deployment.metadata.uid) return done;
      const revision = currentReplicaSet(now.deployment, now.replicaSets)?.metadata.annotations?.[REVISION];
      if (revision && deployment.metadata.annotations?.[REVISION] !== revision) {
        await cache.client.patch(deployments, keyOf(deployment), 'merge', { metadata: { annotations: { [REVISION]: revision } } });
      }
      const latest = (await observeDeployment(context, request)) ?? now;
      await writeStatus(cache.client, deployments, latest.deployment, deploymentStatus(latest, clock.now()));
      const deadlineMs = progressDeadlineMs(latest.deployment);
      return deadlineMs === undefined ? done : retryAfter(Math.max(100, deadlineMs - clock.now()));
    },
  });
}
