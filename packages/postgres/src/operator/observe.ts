import {
  configMaps,
  cronJobs,
  persistentVolumeClaims,
  podDisruptionBudgets,
  roleBindings,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
  type ConfigMap,
  type CronJob,
  type PersistentVolumeClaim,
  type PodDisruptionBudget,
  type Secret,
  type Service,
  type StatefulSet,
} from '@plinth/api';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { credentialUsers } from './build/secrets.ts';
import { backupName, baseLabels, budgetName, criticalBudgetName, podAccount, replicaService, secretName } from './names.ts';
import type { Cluster } from './parse-cluster.ts';

/** What is there of a cluster; undefined is what is not there. */
export interface Snapshot {
  readonly account: KubeObject | undefined;
  readonly binding: KubeObject | undefined;
  readonly master: Service | undefined;
  readonly replicas: Service | undefined;
  /** By user. */
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
  /** In the order of `disruptionBudgets`. */
  readonly budgets: readonly (PodDisruptionBudget | undefined)[];
  readonly statefulSet: StatefulSet | undefined;
  readonly backup: CronJob | undefined;
  /** Patroni's configuration record; it appears when the first member has started. */
  readonly config: ConfigMap | undefined;
  readonly claims: readonly PersistentVolumeClaim[];
}

/** Reads everything at once, from the API: an object without our labels (made by hand, first) is in no informer. */
export async function observe(client: Client, cluster: Cluster): Promise<Snapshot> {
  const { name, namespace } = cluster;
  const find = <T extends KubeObject>(resource: ApiResource, childName: string): Promise<T | undefined> => client.find<T>(resource, { namespace, name: childName });
  const [account, binding, master, replicas, budget, critical, statefulSet, backup, config, claims, secretPairs] = await Promise.all([
    find(serviceAccounts, podAccount),
    find(roleBindings, podAccount),
    find<Service>(services, name),
    find<Service>(services, replicaService(name)),
    find<PodDisruptionBudget>(podDisruptionBudgets, budgetName(name)),
    find<PodDisruptionBudget>(podDisruptionBudgets, criticalBudgetName(name)),
    find<StatefulSet>(statefulSets, name),
    find<CronJob>(cronJobs, backupName(name)),
    find<ConfigMap>(configMaps, `${name}-config`),
    client.list<PersistentVolumeClaim>(persistentVolumeClaims, { namespace, labelSelector: selectorText(baseLabels(name)) }),
    Promise.all(credentialUsers(cluster).map(async (user) => [user.name, await find<Secret>(secrets, secretName(user.name, name))] as const)),
  ]);
  return { account, binding, master, replicas, secrets: new Map(secretPairs), budgets: [budget, critical], statefulSet, backup, config, claims: claims.items };
}

export const selectorText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
