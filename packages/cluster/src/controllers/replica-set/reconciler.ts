import { pods, replicaSets, type Pod, type ReplicaSet } from '@plinth/api';
import { generateName } from '@plinth/apimachinery';
import { done, retryAfter, runController, type Controller } from '@plinth/controller-runtime';
import { controllerReference } from '../../objects/owner.ts';
import { isPodActive, isPodAvailable, isPodReady } from '../../objects/pod.ts';
import { podFromTemplate } from '../../objects/pod-from-template.ts';
import { claim } from '../claim.ts';
import { controllerRequest, indexByController, type ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { writeStatus } from '../write-status.ts';
import { planReplicaSet } from './plan.ts';
import { replicaSetStatus } from './status.ts';

/** Keeps as many pods of one template as are wanted. */
export function startReplicaSetController(context: ControllerContext): Controller {
  const { cache, clock, random } = context;
  const { client } = cache;
  const events = context.events('replicaset-controller');
  const informer = cache.informer<ReplicaSet>(replicaSets);
  const podInformer = cache.informer<Pod>(pods);
  indexByController(podInformer);
  return runController({
    ...context,
    name: 'replicaset',
    sources: [{ informer }, { informer: podInformer, map: controllerRequest('ReplicaSet') }],
    reconcile: async (request) => {
      const replicaSet = informer.get(request);
      if (!replicaSet?.spec) return done;
      const owner = replicaSet;
      const observe = (): Promise<readonly Pod[]> =>
        claim({ client, informer: podInformer, ownerResource: replicaSets, owner, selector: replicaSet.spec!.selector });
      if (!replicaSet.metadata.deletionTimestamp) {
        for (const step of planReplicaSet(replicaSet, await observe())) {
          if (step.type === 'delete') {
            await deleteObject(client, pods, step.pod);
            events.record(replicaSets, replicaSet, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${step.pod.metadata.name}` });
          } else {
            await Promise.all(
              Array.from({ length: step.count }, async () => {
                const pod = podFromTemplate(replicaSet.spec!.template, {
                  name: generateName(`${replicaSet.metadata.name}-`, random),
                  namespace: replicaSet.metadata.namespace!,
                  owner: controllerReference(replicaSets, replicaSet),
                });
                await client.create(pods, context.place(pod));
                events.record(replicaSets, replicaSet, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${pod.metadata.name}` });
              }),
            );
          }
        }
      }
      const now = await observe();
      const current = informer.get(request) ?? replicaSet;
      await writeStatus(client, replicaSets, current, replicaSetStatus(current, now, clock.now()));
      const minReady = replicaSet.spec.minReadySeconds ?? 0;
      const waits = now.some((pod) => isPodActive(pod) && isPodReady(pod) && !isPodAvailable(pod, minReady, clock.now()));
      return waits ? retryAfter(1000) : done;
    },
  });
}
