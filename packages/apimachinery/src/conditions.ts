/** A condition in an object's status (`metav1.Condition`). `reason` is a CamelCase word, `message` is for people. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339: since when the status is what it is. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
  /** Ours, RFC 3339: when somebody last had proof of what a condition that is true says. */
  readonly provedAt?: string;
  /** Ours, a word for programs: what kind of failure is behind a condition that is false, where `reason` is the same for all. */
  readonly cause?: string;
}

/**
 * The conditions with this one set. Its time changes only when its status does; the very same list comes back when
 * nothing changes, so that no write follows. `time` is now, RFC 3339.
 * Source: meta.SetStatusCondition of k8s.io/apimachinery.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  time: string,
): readonly Condition[] {
  const list = conditions ?? [];
  const index = list.findIndex(({ type }) => type === condition.type);
  const before = list[index];
  if (!before) return [...list, { ...condition, lastTransitionTime: time }];
  const after: Condition = {
    ...before,
    ...condition,
    lastTransitionTime: before.status === condition.status ? before.lastTransitionTime : time,
  };
  const same =
    before.status === after.status &&
    before.reason === after.reason &&
    before.message === after.message &&
    before.observedGeneration === after.observedGeneration;
  return same ? list : list.with(index, after);
}

export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

export const isConditionTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

/** The conditions without one type; the very same list when it is not there. */
export function removeCondition(conditions: readonly Condition[] | undefined, type: string): readonly Condition[] {
  const list = conditions ?? [];
  return list.some((condition) => condition.type === type) ? list.filter((condition) => condition.type !== type) : list;
}
