import type { Condition } from './types.ts';
import { timeOf } from './time.ts';

export const findCondition = <C extends { readonly type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined => conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly { readonly type: string; readonly status: string }[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

/**
 * `conditions` with `next` in the place of the one with its type. `lastTransitionTime` moves only when the status does;
 * an unchanged condition is kept as it is.
 */
export function withCondition<C extends Condition>(conditions: readonly C[] | undefined, next: Condition, nowMs: number): readonly C[] {
  const list = conditions ?? [];
  const previous = findCondition(list, next.type);
  if (previous && same(previous, next)) return list;
  const lastTransitionTime = previous && previous.status === next.status ? previous.lastTransitionTime : timeOf(nowMs);
  const made = { ...next, lastTransitionTime } as C;
  return previous ? list.map((condition) => (condition === previous ? made : condition)) : [...list, made];
}

const same = (left: Condition, right: Condition): boolean =>
  left.status === right.status &&
  left.reason === right.reason &&
  left.message === right.message &&
  left.observedGeneration === right.observedGeneration;
