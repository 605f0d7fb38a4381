import type { Node, Pod } from '@plinth/api';

/** Whether the only node takes a pod; if not, why, in the scheduler's words. */
export type Placement =
  | { readonly type: 'bind'; readonly nodeName: string }
  /** Somebody has to remove the pod's scheduling gates first. */
  | { readonly type: 'gated' }
  | { readonly type: 'unschedulable'; readonly message: string };

export function planPlacement(pod: Pod, node: Node | undefined): Placement {
  if ((pod.spec?.schedulingGates ?? []).length > 0) return { type: 'gated' };
  if (!node) return { type: 'unschedulable', message: 'no nodes available to schedule pods' };
  const no = (why: string): Placement => ({ type: 'unschedulable', message: `0/1 nodes are available: 1 ${why}.` });
  if (node.spec?.unschedulable && !tolerates(pod, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })) return no('node(s) were unschedulable');
  const taint = (node.spec?.taints ?? []).find((each) => each.effect !== 'PreferNoSchedule' && !tolerates(pod, each));
  if (taint) return no(`node(s) had untolerated taint(s) {${taint.key}: ${taint.value ?? ''}}`);
  if (!selects(pod, node)) return no("node(s) didn't match Pod's node affinity/selector");
  return { type: 'bind', nodeName: node.metadata.name };
}

interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

/** The pod with its node when it has a place, else as it is: then the scheduler says why not. */
export function placePod(pod: Pod, node: Node | undefined): Pod {
  const ours = (pod.spec?.schedulerName ?? DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER;
  const placement = planPlacement(pod, node);
  return ours && placement.type === 'bind' ? { ...pod, spec: { ...pod.spec!, nodeName: placement.nodeName } } : pod;
}

export const DEFAULT_SCHEDULER = 'default-scheduler';

const tolerates = (pod: Pod, taint: Taint): boolean =>
  (pod.spec?.tolerations ?? []).some(
    (toleration) =>
      (!toleration.effect || toleration.effect === taint.effect) &&
      (toleration.key ? toleration.key === taint.key : toleration.operator === 'Exists') &&
      (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')),
  );

function selects(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms) return true;
  return terms.some((term) => {
    const requirements = [...(term.matchExpressions ?? []), ...(term.matchFields ?? []).map((each) => ({ ...each, field: true }))];
    return requirements.length > 0 && requirements.every((requirement) => holds(requirement, 'field' in requirement ? node.metadata.name : labels[requirement.key]));
  });
}

interface Requirement {
  readonly operator: string;
  readonly values?: readonly string[];
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}
