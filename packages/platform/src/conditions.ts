import { findCondition, timeText, type Condition } from '@plinth/apimachinery';

export { findCondition, type Condition } from '@plinth/apimachinery';

/** A condition before it is known when it came about. */
export type ConditionUpdate = Omit<Condition, 'lastTransitionTime'>;

/**
 * The list with the updates in it, sorted by type. The time moves when the status changes
 * (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties).
 * `now` in ms.
 */
export function setConditions(before: readonly Condition[] | undefined, updates: readonly ConditionUpdate[], now: number): readonly Condition[] {
  const byType = new Map((before ?? []).map((condition) => [condition.type, condition]));
  for (const update of updates) {
    const previous = byType.get(update.type);
    const lastTransitionTime = previous?.status === update.status ? previous.lastTransitionTime : timeText(now);
    byType.set(update.type, { ...update, lastTransitionTime });
  }
  return [...byType.values()].sort((left, right) => (left.type < right.type ? -1 : 1));
}

/** Whether the condition holds, for this generation where one is given. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string, generation?: number): boolean {
  const condition = findCondition(conditions, type);
  return condition?.status === 'True' && (generation === undefined || condition.observedGeneration === undefined || condition.observedGeneration === generation);
}

/** The newest of some proofs, as a condition carries it; nothing when there is none. */
export function latestProof(times: readonly (string | undefined)[]): { readonly provedAt?: string } {
  const provedAt = times.filter((time) => time !== undefined && time !== '').sort().at(-1);
  return provedAt ? { provedAt } : {};
}
