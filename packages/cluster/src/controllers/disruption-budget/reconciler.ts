import { podDisruptionBudgets, pods, type Pod, type PodDisruptionBudget } from '@plinth/api';
import { keyOf, matchesLabels, queryOfSelector } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import { withCondition } from '../../objects/conditions.ts';
import { isPodActive, isPodReady } from '../../objects/pod.ts';
import type { Condition } from '../../objects/types.ts';
import type { ControllerContext } from '../controller-context.ts';
import { countOf } from '../deployment/plan.ts';
import { writeStatus } from '../write-status.ts';

/** Says how many pods of a group could be taken away on purpose now. */
export function startDisruptionBudgetController(context: ControllerContext): Controller {
  const { cache, clock } = context;
  const informer = cache.informer<PodDisruptionBudget>(podDisruptionBudgets);
  const podInformer = cache.informer<Pod>(pods);
  const selects = (budget: PodDisruptionBudget, pod: Pod): boolean => matchesLabels(queryOfSelector(budget.spec?.selector), pod.metadata.labels);
  return runController({
    ...context,
    name: 'disruption-budget',
    sources: [
      { informer },
      { informer: podInformer, map: (pod) => informer.list({ namespace: pod.metadata.namespace! }).filter((budget) => selects(budget, pod as Pod)).map(keyOf) },
    ],
    reconcile: async (request) => {
      const budget = informer.get(request);
      if (!budget) return done;
      const selected = podInformer.list({ namespace: request.namespace! }).filter((pod) => isPodActive(pod) && selects(budget, pod));
      await writeStatus(cache.client, podDisruptionBudgets, budget, budgetStatus(budget, selected, clock.now()));
      return done;
    },
  });
}

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
export function budgetStatus(budget: PodDisruptionBudget, selected: readonly Pod[], nowMs: number): NonNullable<PodDisruptionBudget['status']> {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const expectedPods = selected.length;
  const currentHealthy = selected.filter(isPodReady).length;
  const desiredHealthy =
    maxUnavailable !== undefined ? Math.max(0, expectedPods - countOf(maxUnavailable, expectedPods, Math.ceil)) : countOf(minAvailable ?? 1, expectedPods, Math.ceil);
  const disruptionsAllowed = Math.max(0, expectedPods === 0 ? 0 : currentHealthy - desiredHealthy);
  const allowed: Condition =
    disruptionsAllowed > 0
      ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' }
      : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' };
  const conditions = withCondition(budget.status?.conditions as readonly Condition[] | undefined, { ...allowed, ...(budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }) }, nowMs);
  return {
    ...(budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions,
  } as NonNullable<PodDisruptionBudget['status']>;
}
