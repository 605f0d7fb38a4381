import { nodes, pods, type Node, type Pod } from '@plinth/api';
import { deepEqual, isConflict, isNotFound, keyOf } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import type { ControllerContext } from '../controllers/controller-context.ts';
import { withCondition } from '../objects/conditions.ts';
import type { Condition } from '../objects/types.ts';
import { DEFAULT_SCHEDULER, planPlacement } from './plan.ts';

export interface SchedulerOptions {
  readonly nodeName: string;
}

/** Binds pods to the only node, or says on the pod why not. */
export function startScheduler(context: ControllerContext, { nodeName }: SchedulerOptions): Controller {
  const { cache, clock } = context;
  const { client } = cache;
  const events = context.events(DEFAULT_SCHEDULER);
  const informer = cache.informer<Pod>(pods);
  const nodeInformer = cache.informer<Node>(nodes);
  const waits = (pod: Pod): boolean => !pod.spec?.nodeName && !pod.metadata.deletionTimestamp && (pod.spec?.schedulerName ?? DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER;
  // The event `Scheduled` is the node's: it sees all pods that come to it, those that were made with their node, too.
  return runController({
    ...context,
    name: 'scheduler',
    concurrency: 64,
    sources: [
      { informer, predicate: (pod) => waits(pod as Pod) },
      { informer: nodeInformer, predicate: (node, previous) => !deepEqual(shapeOf(node as Node), previous && shapeOf(previous as Node)), map: () => informer.list().filter(waits).map(keyOf) },
    ],
    reconcile: async (request) => {
      const pod = informer.get(request);
      if (!pod || !waits(pod)) return done;
      const placement = planPlacement(pod, nodeInformer.get({ name: nodeName }));
      switch (placement.type) {
        case 'bind':
          await bind(pod, placement.nodeName);
          return done;
        case 'gated':
          await say(pod, { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' });
          return done;
        case 'unschedulable':
          await say(pod, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: placement.message });
          events.record(pods, pod, { type: 'Warning', reason: 'FailedScheduling', message: placement.message });
          return done;
        default:
          return placement satisfies never;
      }
    },
  });

  async function bind(pod: Pod, target: string): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    try {
      await client.patch(pods, keyOf(pod), 'merge', { metadata: { uid, resourceVersion }, spec: { nodeName: target } });
    } catch (error) {
      // Gone, or changed meanwhile: its event asks again.
      if (isConflict(error) || isNotFound(error)) return;
      throw error;
    }
  }

  async function say(pod: Pod, condition: Condition): Promise<void> {
    const conditions = withCondition(pod.status?.conditions as readonly Condition[] | undefined, condition, clock.now());
    if (conditions === pod.status?.conditions) return;
    try {
      await client.updateStatus(pods, { ...pod, status: { ...pod.status, phase: 'Pending', conditions } } as Pod);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

/** What of a node decides about placements. */
const shapeOf = (node: Node) => ({ labels: node.metadata.labels, taints: node.spec?.taints, unschedulable: node.spec?.unschedulable });
