import { setCondition as setConditionAt, type Condition } from '@plinth/apimachinery';

export { findCondition, isConditionTrue, type Condition } from '@plinth/apimachinery';

/** {@link setConditionAt} for controllers, which know the time: times have whole seconds, as Kubernetes writes them. */
export function setCondition(conditions: readonly Condition[] | undefined, next: Omit<Condition, 'lastTransitionTime'>, now: Date = new Date()): readonly Condition[] {
  return setConditionAt(conditions, next, `${now.toISOString().slice(0, 19)}Z`);
}
