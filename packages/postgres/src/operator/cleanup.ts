import { configMaps, cronJobs, persistentVolumeClaims, podDisruptionBudgets, pods, secrets, services, statefulSets, type PersistentVolumeClaim, type Postgresql } from '@plinth/api';
import { isNotFound, keyOf, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client, DeleteOptions } from '@plinth/client';
import type { Member } from './members.ts';
import { backupName, baseLabels, budgetName, criticalBudgetName, replicaService, secretName, standbyName, storeRecords, superuserName } from './names.ts';
import { selectorText } from './observe.ts';

/** `waiting`: pods are still going; their end is the next event. */
export type Cleanup = { readonly type: 'done' } | { readonly type: 'waiting'; readonly message: string };

/**
 * Removes everything of a cluster, in this order: backup job, StatefulSet (its pods stay), the pods one by one with the
 * primary last, volumes, Secrets, budgets, Services, and the members' records when no member is left that could write
 * them again. What the namespace's clusters share (account `postgres-pod` and its binding) stays.
 */
export async function cleanup(client: Client, object: Postgresql, members: readonly Member[]): Promise<Cleanup> {
  const { name, namespace = 'default' } = object.metadata;
  const remove = (resource: ApiResource, childName: string, options?: DeleteOptions): Promise<void> => removeIfThere(client, resource, { namespace, name: childName }, options);

  await remove(cronJobs, backupName(name), { propagationPolicy: 'Background' });
  await remove(statefulSets, name, { propagationPolicy: 'Orphan' });
  if (await client.find<KubeObject>(statefulSets, { namespace, name })) return { type: 'waiting', message: `StatefulSet ${name} is going` };

  const leaving = members.find(({ isLeaving }) => isLeaving);
  const next = members.findLast(({ role }) => role !== 'master') ?? members.at(-1);
  if (!leaving && next) await remove(pods, next.name, next.pod.metadata.uid ? { preconditions: { uid: next.pod.metadata.uid } } : {});
  if (members.length > 0) return { type: 'waiting', message: `pod ${(leaving ?? next)!.name} is going` };

  const claims = await client.list<PersistentVolumeClaim>(persistentVolumeClaims, { namespace, labelSelector: selectorText(baseLabels(name)) });
  await Promise.all(claims.items.map((claim) => removeIfThere(client, persistentVolumeClaims, keyOf(claim))));
  const users = new Set([superuserName, standbyName, ...Object.keys(object.spec.users ?? {})]);
  await Promise.all([...users].map((user) => remove(secrets, secretName(user, name))));
  await Promise.all([budgetName(name), criticalBudgetName(name)].map((budget) => remove(podDisruptionBudgets, budget)));
  await Promise.all([name, replicaService(name)].map((service) => remove(services, service)));
  await Promise.all(storeRecords(name).map((record) => remove(configMaps, record)));
  return { type: 'done' };
}

async function removeIfThere(client: Client, resource: ApiResource, key: { readonly namespace: string; readonly name: string } | ReturnType<typeof keyOf>, options?: DeleteOptions): Promise<void> {
  try {
    await client.delete(resource, key, options);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
