import type { Deployment, ReplicaSet } from '@plinth/api';
import { findCondition, withCondition } from '../../objects/conditions.ts';
import { msOf, timeOf } from '../../objects/time.ts';
import type { Condition } from '../../objects/types.ts';
import { currentReplicaSet, rollingBounds, type DeploymentSnapshot } from './plan.ts';

type Status = NonNullable<Deployment['status']>;

/** The status that `kubectl rollout status` and `kubectl wait` read. */
export function deploymentStatus({ deployment, replicaSets }: DeploymentSnapshot, nowMs: number): Status {
  const current = currentReplicaSet(deployment, replicaSets);
  const desired = deployment.spec?.replicas ?? 1;
  const count = (of: (status: NonNullable<ReplicaSet['status']>) => number | undefined): number =>
    replicaSets.reduce((total, replicaSet) => total + ((replicaSet.status && of(replicaSet.status)) || 0), 0);
  const availableReplicas = count((status) => status.availableReplicas);
  const counts = {
    replicas: count((status) => status.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: count((status) => status.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, replicaSets.reduce((total, each) => total + (each.spec?.replicas ?? 1), 0) - availableReplicas),
  };
  const before = deployment.status;
  let conditions = before?.conditions as readonly Condition[] | undefined;
  conditions = set(
    conditions,
    availableReplicas >= desired - rollingBounds(deployment).maxUnavailable
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' },
    nowMs,
  );
  const complete =
    current !== undefined &&
    counts.updatedReplicas === desired &&
    counts.replicas === desired &&
    availableReplicas === desired &&
    (current.status?.observedGeneration ?? 0) >= (current.metadata.generation ?? 0);
  const progress = progressing(deployment, current, complete, counts, nowMs);
  if (progress) conditions = set(conditions, progress, nowMs);
  return {
    observedGeneration: deployment.metadata.generation,
    ...nonZero(counts),
    conditions,
    ...(before?.collisionCount ? { collisionCount: before.collisionCount } : {}),
  } as Status;
}

/** When, in ms, the rollout will have gone without progress for too long. */
export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const progress = findCondition(deployment.status?.conditions as readonly Condition[] | undefined, 'Progressing');
  const seconds = deployment.spec?.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_S;
  if (!progress || progress.reason === 'NewReplicaSetAvailable' || progress.reason === 'ProgressDeadlineExceeded') return undefined;
  return (msOf(progress.lastUpdateTime) ?? 0) + seconds * 1000;
}

const DEFAULT_PROGRESS_DEADLINE_S = 600;

function progressing(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  complete: boolean,
  counts: Pick<Status, 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'replicas'>,
  nowMs: number,
): Condition | undefined {
  if (!current) return undefined;
  const name = current.metadata.name;
  if (complete) {
    return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "${name}" has successfully progressed.` };
  }
  const before = deployment.status;
  const moved =
    (counts.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    (counts.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (before?.availableReplicas ?? 0) ||
    before?.observedGeneration !== deployment.metadata.generation;
  const deadline = progressDeadlineMs(deployment);
  const previous = findCondition(before?.conditions as readonly Condition[] | undefined, 'Progressing');
  if (!moved && (previous?.reason === 'ProgressDeadlineExceeded' || (deadline !== undefined && deadline <= nowMs))) {
    return { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: `ReplicaSet "${name}" has timed out progressing.` };
  }
  if (!moved && previous) return undefined;
  return {
    type: 'Progressing',
    status: 'True',
    reason: previous ? 'ReplicaSetUpdated' : 'NewReplicaSetCreated',
    message: previous ? `ReplicaSet "${name}" is progressing.` : `Created new replica set "${name}"`,
    lastUpdateTime: timeOf(nowMs),
  };
}

/** Like `withCondition`; a Deployment's conditions also say when they were last written. */
function set(conditions: readonly Condition[] | undefined, next: Condition, nowMs: number): readonly Condition[] {
  const previous = findCondition(conditions, next.type);
  const lastUpdateTime =
    next.lastUpdateTime ??
    (previous && previous.status === next.status && previous.reason === next.reason && previous.message === next.message
      ? previous.lastUpdateTime
      : timeOf(nowMs));
  const merged = withCondition(conditions, next, nowMs);
  return merged.map((condition) => (condition.type === next.type && condition.lastUpdateTime !== lastUpdateTime ? { ...condition, lastUpdateTime } : condition));
}

/** Kubernetes leaves counts of zero out. */
const nonZero = <T extends Readonly<Record<string, number>>>(counts: T): Partial<T> =>
  Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)) as Partial<T>;
