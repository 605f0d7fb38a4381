import { setCondition as setConditionAt, timeText, type Condition } from '@plinth/apimachinery';

export { findCondition, isConditionTrue, type Condition } from '@plinth/apimachinery';

/** {@link setConditionAt} for controllers, which know the time: times have whole seconds, as Kubernetes writes them. */
export function setCondition(conditions: readonly Condition[] | undefined, next: Omit<Condition, 'lastTransitionTime'>, now: Date = new Date()): readonly Condition[] {
  return setConditionAt(conditions, next, timeText(now.getTime()));
}
