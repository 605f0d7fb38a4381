import { persistentVolumeClaims, pods, statefulSets, type PersistentVolumeClaim, type Pod, type StatefulSet } from '@plinth/api';
import { isAlreadyExists } from '@plinth/apimachinery';
import { done, retryAfter, runController, type Controller } from '@plinth/controller-runtime';
import type { EventRecorder } from '../../events/recorder.ts';
import { isPodReady } from '../../objects/pod.ts';
import { claim } from '../claim.ts';
import { controllerRequest, indexByController, type ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { writeStatus } from '../write-status.ts';
import { ordinalOf, planStatefulSet, type StatefulSetSnapshot, type StatefulSetStep } from './plan.ts';
import { statefulSetStatus } from './status.ts';

/** Keeps pods with names and volumes of their own, in order. */
export function startStatefulSetController(context: ControllerContext): Controller {
  const { cache, clock } = context;
  const { client } = cache;
  const events = context.events('statefulset-controller');
  const informer = cache.informer<StatefulSet>(statefulSets);
  const podInformer = cache.informer<Pod>(pods);
  const claimInformer = cache.informer<PersistentVolumeClaim>(persistentVolumeClaims);
  indexByController(podInformer);

  const observe = async (set: StatefulSet): Promise<StatefulSetSnapshot> => ({
    set,
    pods: await claim({
      client,
      informer: podInformer,
      ownerResource: statefulSets,
      owner: set,
      selector: set.spec?.selector,
      mayAdopt: (pod) => ordinalOf(set, pod.metadata.name) !== undefined,
    }),
    claims: { get: (name) => claimInformer.get({ namespace: set.metadata.namespace!, name }) },
  });

  return runController({
    ...context,
    name: 'statefulset',
    sources: [
      { informer },
      { informer: podInformer, map: controllerRequest('StatefulSet') },
      // A claim that is being deleted holds its pod up until it is gone.
      {
        informer: claimInformer,
        predicate: (claimed) => Boolean(claimed.metadata.deletionTimestamp),
        map: (claimed) =>
          informer
            .list({ namespace: claimed.metadata.namespace! })
            .filter((set) => claimed.metadata.name.includes(`-${set.metadata.name}-`))
            .map(({ metadata: { namespace, name } }) => ({ namespace: namespace!, name })),
      },
    ],
    reconcile: async (request) => {
      const set = informer.get(request);
      if (!set?.spec) return done;
      if (!set.metadata.deletionTimestamp) {
        for (const step of planStatefulSet(await observe(set), clock.now())) await apply(context, events, set, step);
      }
      const now = await observe(informer.get(request) ?? set);
      await writeStatus(client, statefulSets, now.set, statefulSetStatus(now, clock.now()));
      const waits = (set.spec.minReadySeconds ?? 0) > 0 && now.pods.some(isPodReady) && now.set.status?.availableReplicas !== now.set.status?.replicas;
      return waits ? retryAfter(1000) : done;
    },
  });
}

async function apply({ cache: { client }, place }: ControllerContext, events: EventRecorder, set: StatefulSet, step: StatefulSetStep): Promise<void> {
  const note = (reason: string, message: string): void => events.record(statefulSets, set, { type: 'Normal', reason, message });
  const create = async (make: () => Promise<unknown>): Promise<boolean> => {
    try {
      await make();
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  };
  switch (step.type) {
    case 'createClaim': {
      const { name } = step.claim.metadata;
      if (await create(() => client.create(persistentVolumeClaims, step.claim))) {
        note('SuccessfulCreate', `create Claim ${name} in StatefulSet ${set.metadata.name} success`);
      }
      return;
    }
    case 'createPod': {
      const { name } = step.pod.metadata;
      if (await create(() => client.create(pods, place(step.pod)))) note('SuccessfulCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} successful`);
      else note('FailedCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} failed: a pod of that name exists and belongs to somebody else`);
      return;
    }
    case 'deletePod':
      await deleteObject(client, pods, step.pod);
      note('SuccessfulDelete', `delete Pod ${step.pod.metadata.name} in StatefulSet ${set.metadata.name} successful: ${step.why}`);
      return;
    case 'deleteClaim':
      return deleteObject(client, persistentVolumeClaims, step.claim);
    default:
      step satisfies never;
  }
}
