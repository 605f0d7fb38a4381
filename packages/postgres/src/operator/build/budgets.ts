import type { OperatorSettings } from '../configuration.ts';
import { baseLabels, budgetName, criticalBudgetName, roleLabel } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';
import { childMeta, type Child } from './child.ts';

/** The primary is not evicted on purpose, and no pod is while something critical goes on in it. */
export function disruptionBudgets(cluster: Cluster, settings: OperatorSettings): readonly Child[] {
  const guarded = settings.disruptionBudgets && cluster.instances > 0;
  return [
    budget(cluster, budgetName(cluster.name), { minAvailable: guarded ? 1 : 0 }, { [roleLabel]: 'master' }),
    budget(cluster, criticalBudgetName(cluster.name), { maxUnavailable: 0 }, { 'critical-operation': 'true' }),
  ];
}

const budget = (cluster: Cluster, name: string, limit: object, role: Readonly<Record<string, string>>): Child => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: childMeta(cluster, name),
  spec: { ...limit, selector: { matchLabels: { ...baseLabels(cluster.name), ...role } } },
});
