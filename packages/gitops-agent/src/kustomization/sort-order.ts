import type { ObjectIdentity } from './subject.ts';

const FIRST = [
  'CustomResourceDefinition', 'Namespace', 'ClusterClass', 'RuntimeClass', 'PriorityClass', 'StorageClass', 'VolumeSnapshotClass',
  'IngressClass', 'GatewayClass', 'ResourceQuota', 'ServiceAccount', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding',
  'ConfigMap', 'Secret', 'Service', 'LimitRange', 'Deployment', 'StatefulSet', 'CronJob', 'PodDisruptionBudget',
];
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
const RANKS = new Map([...FIRST.map((kind, index) => [kind, index] as const), ...LAST.map((kind, index) => [kind, 1000 + index] as const)]);

/** When a kind is applied: lower first. Objects of one rank do not depend on each other. */
export const rankOf = (kind: string): number => RANKS.get(kind) ?? (kind.endsWith('Class') ? 2 : 500);

/** Objects that others need before they can be applied at all. */
export const isClusterDefinition = (kind: string): boolean => kind === 'CustomResourceDefinition' || kind === 'Namespace';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Flux' order of application; its reverse is the order of deletion. */
export const compareObjects = (a: ObjectIdentity, b: ObjectIdentity): number =>
  rankOf(a.kind) - rankOf(b.kind) ||
  compare(a.group, b.group) ||
  compare(a.kind, b.kind) ||
  compare(a.namespace, b.namespace) ||
  compare(a.name, b.name);

/** Cuts a sorted list into runs of one rank. */
export function wavesOf<T>(sorted: readonly T[], kindOf: (item: T) => string): readonly (readonly T[])[] {
  const waves: T[][] = [];
  let rank = Number.NaN;
  for (const item of sorted) {
    const own = rankOf(kindOf(item));
    if (own !== rank) waves.push([]);
    rank = own;
    waves.at(-1)?.push(item);
  }
  return waves;
}
