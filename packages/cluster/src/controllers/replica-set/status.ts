import type { Pod, ReplicaSet } from '@plinth/api';
import { isPodActive, isPodAvailable, isPodReady } from '../../objects/pod.ts';

type Status = NonNullable<ReplicaSet['status']>;

/** The counts that a Deployment and `kubectl get rs` read. */
export function replicaSetStatus(replicaSet: ReplicaSet, pods: readonly Pod[], nowMs: number): Status {
  const active = pods.filter(isPodActive);
  const template = Object.entries(replicaSet.spec?.template?.metadata?.labels ?? {});
  const labelled = active.filter((pod) => template.every(([key, value]) => pod.metadata.labels?.[key] === value));
  const ready = active.filter(isPodReady);
  const available = ready.filter((pod) => isPodAvailable(pod, replicaSet.spec?.minReadySeconds ?? 0, nowMs));
  return {
    replicas: active.length,
    ...(labelled.length > 0 ? { fullyLabeledReplicas: labelled.length } : {}),
    ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
    ...(available.length > 0 ? { availableReplicas: available.length } : {}),
    observedGeneration: replicaSet.metadata.generation,
    ...(replicaSet.status?.conditions ? { conditions: replicaSet.status.conditions } : {}),
  } as Status;
}
