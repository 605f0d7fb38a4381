import type { Pod, ReplicaSet } from '@plinth/api';
import { isPodActive, isPodReady, readySinceMs, restartsOf } from '../../objects/pod.ts';

export type ReplicaSetStep =
  | { readonly type: 'create'; readonly count: number }
  | { readonly type: 'delete'; readonly pod: Pod };

/** How many pods are missing, or which of them are too many. `pods` are those that the ReplicaSet controls. */
export function planReplicaSet(replicaSet: ReplicaSet, pods: readonly Pod[]): readonly ReplicaSetStep[] {
  const active = pods.filter(isPodActive);
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing > 0) return [{ type: 'create', count: Math.min(missing, MAX_CREATED_AT_ONCE) }];
  return active
    .toSorted(dispensableFirst)
    .slice(0, -missing || 0)
    .map((pod) => ({ type: 'delete', pod }));
}

const MAX_CREATED_AT_ONCE = 500;

/** Kubernetes' order: not yet bound, pending, not ready, ready for the shortest time, most restarts, youngest. */
function dispensableFirst(left: Pod, right: Pod): number {
  return (
    rank(Boolean(left.spec?.nodeName), Boolean(right.spec?.nodeName)) ||
    rank(left.status?.phase === 'Running', right.status?.phase === 'Running') ||
    rank(isPodReady(left), isPodReady(right)) ||
    deletionCost(left) - deletionCost(right) ||
    (isPodReady(left) ? readySinceMs(right)! - readySinceMs(left)! : 0) ||
    restartsOf(right) - restartsOf(left) ||
    (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '') ||
    left.metadata.name.localeCompare(right.metadata.name)
  );
}

const rank = (left: boolean, right: boolean): number => Number(left) - Number(right);
const deletionCost = (pod: Pod): number => Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0;
