/** One aspect of an object's state, as `status.conditions` lists it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** When `status` last changed; RFC 3339. */
  readonly lastTransitionTime: string;
  /** The generation of the spec that this is said of. */
  readonly observedGeneration?: number;
}

/**
 * The list with one condition set. `lastTransitionTime` moves only when `status` changes, as the API conventions ask;
 * when nothing changes the very same list comes back.
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
 */
export function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  next: Omit<C, 'lastTransitionTime'>,
  now: Date = new Date(),
): readonly C[] {
  const list = conditions ?? [];
  const index = list.findIndex(({ type }) => type === next.type);
  const current = list[index];
  const lastTransitionTime =
    current && current.status === next.status ? current.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
  const condition = { ...next, lastTransitionTime } as C;
  if (!current) return [...list, condition];
  const isSame = (Object.keys({ ...current, ...condition }) as (keyof C)[]).every((name) => current[name] === condition[name]);
  return isSame ? list : list.with(index, condition);
}

export const findCondition = <C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type);

export const isConditionTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';
