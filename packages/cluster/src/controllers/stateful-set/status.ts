import type { StatefulSet } from '@plinth/api';
import { isPodActive, isPodAvailable, isPodReady } from '../../objects/pod.ts';
import { REVISION_LABEL, revisionOf, type StatefulSetSnapshot } from './plan.ts';

type Status = NonNullable<StatefulSet['status']>;

/** The counts and revisions that `kubectl rollout status` reads. */
export function statefulSetStatus({ set, pods }: StatefulSetSnapshot, nowMs: number): Status {
  const updateRevision = revisionOf(set);
  const desired = set.spec?.replicas ?? 1;
  const there = pods.filter((pod) => isPodActive(pod) || pod.metadata.deletionTimestamp);
  const ready = there.filter((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp);
  const updated = there.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === updateRevision && !pod.metadata.deletionTimestamp);
  const rolledOut = updated.length === desired && ready.length === desired && there.length === desired;
  const currentRevision = rolledOut ? updateRevision : (set.status?.currentRevision ?? updateRevision);
  const current = there.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === currentRevision && !pod.metadata.deletionTimestamp);
  return {
    observedGeneration: set.metadata.generation,
    replicas: there.length,
    ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs)).length,
    ...(current.length > 0 ? { currentReplicas: current.length } : {}),
    ...(updated.length > 0 ? { updatedReplicas: updated.length } : {}),
    currentRevision,
    updateRevision,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  } as Status;
}
