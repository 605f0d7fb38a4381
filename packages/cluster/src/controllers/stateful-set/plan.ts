import { statefulSets, type PersistentVolumeClaim, type Pod, type StatefulSet } from '@plinth/api';
import { hashOf } from '../../objects/hash.ts';
import { controllerReference } from '../../objects/owner.ts';
import { isPodAvailable, isPodFinished } from '../../objects/pod.ts';
import { podFromTemplate } from '../../objects/pod-from-template.ts';
import type { Volume } from '../../objects/types.ts';

/** What the StatefulSet controller looks at. `claims` finds a claim of the namespace by its name. */
export interface StatefulSetSnapshot {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly claims: { get(name: string): PersistentVolumeClaim | undefined };
}

export type StatefulSetStep =
  | { readonly type: 'createClaim'; readonly claim: PersistentVolumeClaim }
  | { readonly type: 'createPod'; readonly pod: Pod }
  | { readonly type: 'deletePod'; readonly pod: Pod; readonly why: string }
  | { readonly type: 'deleteClaim'; readonly claim: PersistentVolumeClaim };

/**
 * The next steps towards the wanted pods. `OrderedReady` goes one pod at a time: a pod is made when all before it are
 * ready, and the last is removed when all others are; `Parallel` waits for nobody. A rolling update replaces pods from
 * the last to the partition, one at a time, in both.
 */
export function planStatefulSet({ set, pods, claims }: StatefulSetSnapshot, nowMs: number): readonly StatefulSetStep[] {
  const parallel = set.spec?.podManagementPolicy === 'Parallel';
  const { first, end } = ordinalsOf(set);
  const byOrdinal = new Map(pods.flatMap((pod) => {
    const ordinal = ordinalOf(set, pod.metadata.name);
    return ordinal === undefined ? [] : [[ordinal, pod] as const];
  }));
  const steps: StatefulSetStep[] = [];

  for (let ordinal = first; ordinal < end; ordinal += 1) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) steps.push(...birth(set, ordinal, claims));
    else if (isPodFinished(pod) && !pod.metadata.deletionTimestamp) {
      steps.push({ type: 'deletePod', pod, why: `it has ${pod.status?.phase === 'Failed' ? 'failed' : 'ended'}` });
    } else if (isSettled(set, pod, nowMs)) continue;
    if (!parallel) return steps;
  }

  const condemned = [...byOrdinal].filter(([ordinal]) => ordinal < first || ordinal >= end).toSorted(([left], [right]) => right - left);
  for (const [ordinal, pod] of condemned) {
    if (!pod.metadata.deletionTimestamp) {
      steps.push({ type: 'deletePod', pod, why: 'scaled down' }, ...unclaim(set, ordinal, claims));
    }
    if (!parallel) return steps;
  }
  if (steps.length > 0) return steps;
  return update(set, byOrdinal, nowMs);
}

/** The name that stands for the present template: `<set>-<hash>`, the value of the pods' revision label. */
export const revisionOf = (set: StatefulSet): string => `${set.metadata.name}-${hashOf(set.spec?.template)}`;

export const REVISION_LABEL = 'controller-revision-hash';
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** `web-3` is 3 for the set `web`; undefined for names that are not the set's. */
export function ordinalOf(set: StatefulSet, podName: string): number | undefined {
  const prefix = `${set.metadata.name}-`;
  if (!podName.startsWith(prefix)) return undefined;
  const rest = podName.slice(prefix.length);
  return /^(0|[1-9][0-9]{0,8})$/.test(rest) ? Number(rest) : undefined;
}

export const claimName = (template: string, set: StatefulSet, ordinal: number): string =>
  `${template}-${set.metadata.name}-${ordinal}`;

function ordinalsOf(set: StatefulSet): { readonly first: number; readonly end: number } {
  const first = set.spec?.ordinals?.start ?? 0;
  return { first, end: first + (set.spec?.replicas ?? 1) };
}

const isSettled = (set: StatefulSet, pod: Pod, nowMs: number): boolean =>
  !pod.metadata.deletionTimestamp && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs);

/** A pod comes after its claims; a claim that is being deleted has to be gone first. */
function birth(set: StatefulSet, ordinal: number, claims: StatefulSetSnapshot['claims']): readonly StatefulSetStep[] {
  const wanted = (set.spec?.volumeClaimTemplates ?? []).map((template) => claimFor(set, template, ordinal));
  if (wanted.some((claim) => claims.get(claim.metadata.name)?.metadata.deletionTimestamp)) return [];
  const missing = wanted.filter((claim) => !claims.get(claim.metadata.name));
  return [...missing.map((claim) => ({ type: 'createClaim', claim }) as const), { type: 'createPod', pod: podFor(set, ordinal) }];
}

function unclaim(set: StatefulSet, ordinal: number, claims: StatefulSetSnapshot['claims']): readonly StatefulSetStep[] {
  if (set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return [];
  return (set.spec.volumeClaimTemplates ?? []).flatMap((template) => {
    const claim = claims.get(claimName(template.metadata!.name!, set, ordinal));
    return claim && !claim.metadata.deletionTimestamp ? [{ type: 'deleteClaim', claim } as const] : [];
  });
}

function update(set: StatefulSet, byOrdinal: ReadonlyMap<number, Pod>, nowMs: number): readonly StatefulSetStep[] {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return [];
  const revision = revisionOf(set);
  const { first, end } = ordinalsOf(set);
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let ordinal = end - 1; ordinal >= Math.max(first, partition); ordinal -= 1) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) return [];
    if (pod.metadata.labels?.[REVISION_LABEL] !== revision) {
      return pod.metadata.deletionTimestamp ? [] : [{ type: 'deletePod', pod, why: 'its template has changed' }];
    }
    if (!isSettled(set, pod, nowMs)) return [];
  }
  return [];
}

function podFor(set: StatefulSet, ordinal: number): Pod {
  const { template, serviceName, volumeClaimTemplates } = set.spec!;
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = (volumeClaimTemplates ?? []).map(
    (claim) => ({ name: claim.metadata!.name!, persistentVolumeClaim: { claimName: claimName(claim.metadata!.name!, set, ordinal) } }) as Volume,
  );
  const taken = new Set(claims.map((volume) => volume.name));
  const volumes = [...(template?.spec?.volumes ?? []).filter((volume) => !taken.has(volume.name)), ...claims];
  return podFromTemplate(template, {
    name,
    namespace: set.metadata.namespace!,
    labels: { [REVISION_LABEL]: revisionOf(set), [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) },
    owner: controllerReference(statefulSets, set),
    spec: { hostname: name, ...(serviceName ? { subdomain: serviceName } : {}), ...(volumes.length > 0 ? { volumes } : {}) },
  });
}

type ClaimTemplate = NonNullable<NonNullable<StatefulSet['spec']>['volumeClaimTemplates']>[number];

function claimFor(set: StatefulSet, template: ClaimTemplate, ordinal: number): PersistentVolumeClaim {
  const ownedBySet = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template.metadata!.name!, set, ordinal),
      namespace: set.metadata.namespace!,
      labels: { ...template.metadata?.labels, ...set.spec?.selector?.matchLabels },
      ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      ...(ownedBySet ? { ownerReferences: [{ ...controllerReference(statefulSets, set), controller: false }] } : {}),
    },
    spec: template.spec,
  } as PersistentVolumeClaim;
}
