import type { Deployment, Pod, ReplicaSet } from '@plinth/api';
import { deployments } from '@plinth/api';
import { deepEqual, type KubeObject } from '@plinth/apimachinery';
import { hashOf } from '../../objects/hash.ts';
import { controllerOf, controllerReference } from '../../objects/owner.ts';
import { isPodActive } from '../../objects/pod.ts';
import type { PodTemplate } from '../../objects/types.ts';

/** What the Deployment controller looks at: the Deployment, the ReplicaSets that it controls, and their pods. */
export interface DeploymentSnapshot {
  readonly deployment: Deployment;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
}

export type DeploymentStep =
  | { readonly type: 'create'; readonly replicaSet: ReplicaSet }
  | { readonly type: 'update'; readonly replicaSet: ReplicaSet; readonly replicas: number; readonly revision?: string }
  | { readonly type: 'delete'; readonly replicaSet: ReplicaSet };

/**
 * One round of a rollout: the ReplicaSet of the present template grows and the others shrink as far as `maxSurge` and
 * `maxUnavailable` allow now. Every change of a ReplicaSet's status asks for the next round.
 */
export function planDeployment({ deployment, replicaSets, pods }: DeploymentSnapshot): readonly DeploymentStep[] {
  const spec = deployment.spec!;
  const desired = spec.replicas ?? 1;
  const current = currentReplicaSet(deployment, replicaSets);
  const old = replicaSets.filter((replicaSet) => replicaSet !== current);
  if (spec.paused) return current ? scale(current, desired - sum(old, wanted)) : [];

  const recreate = spec.strategy?.type === 'Recreate';
  if (recreate) {
    const shrink = old.flatMap((replicaSet) => scale(replicaSet, 0));
    if (shrink.length > 0) return shrink;
    const oldUids = new Set(old.map((replicaSet) => replicaSet.metadata.uid));
    if (pods.some((pod) => oldUids.has(controllerOf(pod)?.uid) && (isPodActive(pod) || pod.metadata.deletionTimestamp))) return [];
  }

  const revision = String(nextRevision(current, old));
  if (!current) {
    const replicas = recreate ? desired : newReplicas(deployment, 0, sum(old, wanted));
    return [{ type: 'create', replicaSet: newReplicaSet(deployment, replicas, revision) }];
  }
  const replicas = recreate ? desired : newReplicas(deployment, wanted(current), sum(replicaSets, wanted));
  return [
    ...update(current, replicas, revision),
    ...(recreate ? [] : shrinkOld(deployment, current, old)),
    ...collectHistory(deployment, old),
  ];
}

/** The ReplicaSet whose template is the Deployment's. The oldest, should there be several. */
export function currentReplicaSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return byAge(replicaSets).find((replicaSet) =>
    deepEqual(withoutHash(replicaSet.spec?.template), withoutHash(deployment.spec?.template)),
  );
}

export const REVISION = 'deployment.kubernetes.io/revision';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const TEMPLATE_HASH = 'pod-template-hash';

const wanted = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 1;
const available = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;
const sum = (replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((total, replicaSet) => total + of(replicaSet), 0);
const byAge = (replicaSets: readonly ReplicaSet[]): ReplicaSet[] =>
  replicaSets.toSorted(
    (left, right) =>
      (left.metadata.creationTimestamp ?? '').localeCompare(right.metadata.creationTimestamp ?? '') ||
      left.metadata.name.localeCompare(right.metadata.name),
  );

function withoutHash(template: PodTemplate | undefined): unknown {
  const { [TEMPLATE_HASH]: _, ...labels } = template?.metadata?.labels ?? {};
  return { labels, annotations: template?.metadata?.annotations ?? {}, spec: template?.spec };
}

/** `maxSurge` is rounded up and `maxUnavailable` down; both 0 would never move, so one may then be unavailable. */
export function rollingBounds(deployment: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const desired = deployment.spec?.replicas ?? 1;
  if (deployment.spec?.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: desired };
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const maxSurge = countOf(rolling?.maxSurge ?? '25%', desired, Math.ceil);
  const maxUnavailable = countOf(rolling?.maxUnavailable ?? '25%', desired, Math.floor);
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable };
}

/** A count, or a percentage of `total`. */
export function countOf(value: number | string, total: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * total) / 100) : Number(value);
}

function newReplicas(deployment: Deployment, now: number, total: number): number {
  const desired = deployment.spec?.replicas ?? 1;
  if (now >= desired) return desired;
  const room = desired + rollingBounds(deployment).maxSurge - total;
  return room <= 0 ? now : now + Math.min(room, desired - now);
}

/** Pods that are not available go first: they are no loss. */
function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): readonly DeploymentStep[] {
  const desired = deployment.spec?.replicas ?? 1;
  const minAvailable = desired - rollingBounds(deployment).maxUnavailable;
  const all = [current, ...old];
  let budget = sum(all, wanted) - minAvailable - (wanted(current) - available(current));
  let spare = sum(all, available) - minAvailable;
  const steps: DeploymentStep[] = [];
  for (const replicaSet of byAge(old)) {
    const unhealthy = Math.max(0, Math.min(wanted(replicaSet) - available(replicaSet), budget));
    budget -= unhealthy;
    const healthy = Math.max(0, Math.min(available(replicaSet), wanted(replicaSet) - unhealthy, spare, budget));
    budget -= healthy;
    spare -= healthy;
    steps.push(...scale(replicaSet, wanted(replicaSet) - unhealthy - healthy));
  }
  return steps;
}

function collectHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly DeploymentStep[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const idle = old.filter((replicaSet) => wanted(replicaSet) === 0 && (replicaSet.status?.replicas ?? 0) === 0 && !replicaSet.metadata.deletionTimestamp);
  const oldestFirst = idle.toSorted((left, right) => revisionOf(left) - revisionOf(right));
  return oldestFirst.slice(0, Math.max(0, idle.length - limit)).map((replicaSet) => ({ type: 'delete', replicaSet }));
}

const revisionOf = (replicaSet: ReplicaSet): number => Number(replicaSet.metadata.annotations?.[REVISION] ?? 0) || 0;

/** A ReplicaSet that comes back (a rollback) gets the newest number. */
function nextRevision(current: ReplicaSet | undefined, old: readonly ReplicaSet[]): number {
  const newestOld = Math.max(0, ...old.map(revisionOf));
  return current && revisionOf(current) > newestOld ? revisionOf(current) : newestOld + 1;
}

const scale = (replicaSet: ReplicaSet, replicas: number): readonly DeploymentStep[] =>
  wanted(replicaSet) === replicas ? [] : [{ type: 'update', replicaSet, replicas: Math.max(0, replicas) }];

const update = (replicaSet: ReplicaSet, replicas: number, revision: string): readonly DeploymentStep[] =>
  wanted(replicaSet) === replicas && replicaSet.metadata.annotations?.[REVISION] === revision
    ? []
    : [{ type: 'update', replicaSet, replicas, revision }];

function newReplicaSet(deployment: Deployment, replicas: number, revision: string): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec!;
  const hash = hashOf([withoutHash(template), deployment.status?.collisionCount ?? 0]);
  const labels = { ...template?.metadata?.labels, [TEMPLATE_HASH]: hash };
  const desired = deployment.spec?.replicas ?? 1;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace!,
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        [REVISION]: revision,
        [DESIRED_REPLICAS]: String(desired),
        [MAX_REPLICAS]: String(desired + rollingBounds(deployment).maxSurge),
      },
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  } as KubeObject as ReplicaSet;
}

function copiedAnnotations(deployment: Deployment): Record<string, string> {
  const copied = { ...deployment.metadata.annotations };
  for (const name of ['kubectl.kubernetes.io/last-applied-configuration', REVISION]) delete copied[name];
  return copied;
}
