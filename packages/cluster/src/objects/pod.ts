import type { Pod } from '@plinth/api';
import { findCondition, isTrue } from './conditions.ts';
import { msOf } from './time.ts';

/** Asks about pods, shared by all that look at them. */
export const isPodReady = (pod: Pod): boolean => isTrue(pod.status?.conditions, 'Ready');

/** Its containers have ended for good. */
export const isPodFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts for its owner: neither finished nor on its way out. */
export const isPodActive = (pod: Pod): boolean => !isPodFinished(pod) && !pod.metadata.deletionTimestamp;

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  if (!isPodReady(pod) || pod.metadata.deletionTimestamp) return false;
  if (minReadySeconds <= 0) return true;
  return readySinceMs(pod)! + minReadySeconds * 1000 <= nowMs;
}

/** When the pod became ready, in ms. */
export const readySinceMs = (pod: Pod): number | undefined =>
  msOf(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime) ?? 0;

/** How often containers of the pod were started again. */
export const restartsOf = (pod: Pod): number =>
  [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].reduce(
    (sum, status) => sum + (status.restartCount ?? 0),
    0,
  );
