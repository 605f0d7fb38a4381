import type { DryRun } from '@plinth/api';
import { type ConditionUpdate, findCondition, setConditions } from '../conditions.ts';
import { realRequest } from './objects.ts';
import type { DryRunPlan } from './plan.ts';

/** The status of a DryRun. `Progressing` is ours: it says what is waited for, because `Completed` ends everything. */
export function dryRunStatus(dryRun: DryRun, children: readonly DryRun[], plan: DryRunPlan, now: number): NonNullable<DryRun['status']> {
  const updates = conditionsOf(children, plan);
  if (updates.length === 0) return dryRun.status ?? {};
  const observedGeneration = dryRun.metadata.generation ?? 1;
  const components = children.map(componentOf).sort((left, right) => (left.dryRun < right.dryRun ? -1 : 1));
  return {
    ...dryRun.status,
    conditions: setConditions(dryRun.status?.conditions, updates.map((update) => ({ ...update, observedGeneration })), now),
    ...(components.length > 0 ? { components } : {}),
  };
}

function conditionsOf(children: readonly DryRun[], plan: DryRunPlan): readonly ConditionUpdate[] {
  if (plan.type === 'wait') return [{ type: 'Progressing', status: plan.reason === 'FeatureDisabled' ? 'False' : 'True', reason: plan.reason, message: plan.message }];
  if (plan.type !== 'complete') return [];
  const { status, reason, message } = plan;
  return [{ type: 'Completed', status, reason, message }, { type: 'Progressing', status: 'False', reason, message: 'Over' }, ...(children.length > 0 ? [componentsCondition(children)] : [])];
}

function componentsCondition(children: readonly DryRun[]): ConditionUpdate {
  const type = 'ComponentsSucceeded';
  const named = (phase: string): readonly string[] => children.map(componentOf).filter((component) => component.phase === phase).map(({ dryRun }) => dryRun).sort();
  const [failed, pending] = [named('Failed'), named('Pending')];
  if (failed.length > 0) return { type, status: 'False', reason: 'ComponentDryRunFailed', message: `Component dry runs failed: [${failed.join(' ')}]` };
  if (pending.length > 0) return { type, status: 'False', reason: 'ComponentDryRunIncomplete', message: `Component dry runs did not complete in time: [${pending.join(' ')}]` };
  return { type, status: 'True', reason: 'AllComponentsSucceeded', message: 'All component dry runs succeeded' };
}

function componentOf(child: DryRun) {
  const real = realRequest(child);
  const completed = findCondition(child.status?.conditions, 'Completed');
  const components = findCondition(child.status?.conditions, 'ComponentsSucceeded');
  const phase = completed === undefined ? ('Pending' as const) : completed.status === 'True' && components?.status !== 'False' ? ('Succeeded' as const) : ('Failed' as const);
  const message = completed?.status === 'True' && components?.status === 'False' ? components.message : (completed ?? findCondition(child.status?.conditions, 'Progressing'))?.message;
  return { promise: child.spec?.promiseRef?.name ?? '', request: real.name, namespace: real.namespace, dryRun: child.metadata.name, phase, message: message ?? '' };
}
