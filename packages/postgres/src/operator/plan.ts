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
  type StatefulSet,
} from '@plinth/api';
import { compareQuantities, keyOf, parseQuantity, type ApiResource, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import { backupJob } from './build/backup.ts';
import { disruptionBudgets } from './build/budgets.ts';
import type { Child } from './build/child.ts';
import { podRoleBinding, podServiceAccount } from './build/pod-access.ts';
import { credentialSecret, credentialUsers } from './build/secrets.ts';
import { masterService, replicasService } from './build/services.ts';
import { statefulSet } from './build/stateful-set.ts';
import type { OperatorSettings } from './configuration.ts';
import { backupName } from './names.ts';
import type { Snapshot } from './observe.ts';
import type { Cluster } from './parse-cluster.ts';
import { covers } from './subset.ts';

/** One write. `replace` deletes (leaving the pods alone) and creates: for fields that cannot be changed. */
export type Step =
  | { readonly type: 'create'; readonly resource: ApiResource; readonly object: Child }
  | { readonly type: 'patch'; readonly resource: ApiResource; readonly key: ObjectKey; readonly patch: object; readonly tolerate?: boolean }
  | { readonly type: 'replace'; readonly resource: ApiResource; readonly object: Child }
  | { readonly type: 'delete'; readonly resource: ApiResource; readonly key: ObjectKey };

export interface Plan {
  /** One after the other; the steps of a stage at once. */
  readonly stages: readonly (readonly Step[])[];
  /** Wishes that are not carried out, each with the reason. */
  readonly ignored: readonly string[];
}

/**
 * What has to be written so that the objects of a cluster are as wanted: first access, Services, Secrets, budgets and
 * volumes, then the StatefulSet, then what only matters once servers run. Nothing is ever made smaller, and no Secret is
 * written over.
 */
export function plan(wanted: Cluster, settings: OperatorSettings, snapshot: Snapshot, newPassword: () => string): Plan {
  const ignored: string[] = [];
  const cluster = settleVersion(wanted, snapshot.statefulSet, ignored);
  return {
    ignored,
    stages: [
      [
        ...missing(serviceAccounts, snapshot.account, podServiceAccount(cluster.namespace)),
        ...missing(roleBindings, snapshot.binding, podRoleBinding(cluster.namespace)),
        ...adjusted(services, snapshot.master, masterService(cluster)),
        ...adjusted(services, snapshot.replicas, replicasService(cluster)),
        ...credentialUsers(cluster).flatMap((user) => missing(secrets, snapshot.secrets.get(user.name), () => credentialSecret(cluster, user, newPassword()))),
        ...planBudgets(cluster, settings, snapshot),
        ...planClaims(cluster, snapshot, ignored),
      ],
      planStatefulSet(cluster, settings, snapshot.statefulSet, ignored),
      [...planBackup(cluster, settings, snapshot), ...planConfiguration(cluster, snapshot)],
    ],
  };
}

function missing(resource: ApiResource, actual: KubeObject | undefined, wanted: Child | (() => Child)): readonly Step[] {
  return actual ? [] : [{ type: 'create', resource, object: typeof wanted === 'function' ? wanted() : wanted }];
}

function adjusted(resource: ApiResource, actual: KubeObject | undefined, wanted: Child): readonly Step[] {
  if (!actual) return [{ type: 'create', resource, object: wanted }];
  return covers(actual, wanted) ? [] : [{ type: 'patch', resource, key: keyOf(wanted), patch: wanted }];
}

/** The operator may create and delete budgets and not change them, so a change is both. */
function planBudgets(cluster: Cluster, settings: OperatorSettings, { budgets }: Snapshot): readonly Step[] {
  return disruptionBudgets(cluster, settings).flatMap((wanted, index): readonly Step[] => {
    const actual = budgets[index];
    if (!actual) return [{ type: 'create', resource: podDisruptionBudgets, object: wanted }];
    return covers(actual, wanted) ? [] : [{ type: 'replace', resource: podDisruptionBudgets, object: wanted }];
  });
}

/** Volumes only grow. A storage class that cannot grow them refuses; that is shown and does not fail an update. */
function planClaims(cluster: Cluster, { claims }: Snapshot, ignored: string[]): readonly Step[] {
  const { size } = cluster.source.spec.volume;
  return claims.flatMap((claim): readonly Step[] => {
    const present = (claim.spec as { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } } | undefined)?.resources?.requests?.['storage'];
    const order = present === undefined ? 1 : compareQuantities(parseQuantity(size), parseQuantity(present));
    if (order < 0) ignored.push(`volume ${claim.metadata.name}: it has ${present} and cannot shrink to ${size}`);
    if (order <= 0 || claim.metadata.deletionTimestamp) return [];
    return [{ type: 'patch', resource: persistentVolumeClaims, key: keyOf(claim), patch: { spec: { resources: { requests: { storage: size } } } }, tolerate: true }];
  });
}

function planStatefulSet(cluster: Cluster, settings: OperatorSettings, actual: StatefulSet | undefined, ignored: string[]): readonly Step[] {
  const wanted = withLargestVolume(statefulSet(cluster, settings), actual);
  if (!actual) return [{ type: 'create', resource: statefulSets, object: wanted }];
  if (actual.metadata.deletionTimestamp) return [{ type: 'replace', resource: statefulSets, object: wanted }];
  if (covers(actual, wanted)) return [];
  const { volumeClaimTemplates, selector, serviceName, podManagementPolicy, ...changeable } = wanted['spec'] as Readonly<Record<string, unknown>>;
  if (!covers(actual.spec, { volumeClaimTemplates, serviceName, podManagementPolicy })) return [{ type: 'replace', resource: statefulSets, object: wanted }];
  if (!covers(actual.spec, { selector })) ignored.push('the StatefulSet selects other pods than wanted');
  const { labels, ownerReferences } = wanted.metadata;
  return [{ type: 'patch', resource: statefulSets, key: keyOf(wanted), patch: { metadata: { labels, ownerReferences }, spec: changeable } }];
}

/** A smaller wish does not make the volumes of later members smaller either. */
function withLargestVolume(wanted: Child, actual: StatefulSet | undefined): Child {
  const spec = wanted['spec'] as { readonly volumeClaimTemplates: readonly [{ readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } } }] };
  const present = (actual?.spec as typeof spec | undefined)?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.storage;
  const [claim] = spec.volumeClaimTemplates;
  if (present === undefined || compareQuantities(parseQuantity(present), parseQuantity(claim.spec.resources.requests.storage)) <= 0) return wanted;
  return { ...wanted, spec: { ...spec, volumeClaimTemplates: [{ ...claim, spec: { ...claim.spec, resources: { requests: { storage: present } } } }] } };
}

/** The version that the servers have stays: neither a downgrade nor (yet) an upgrade is carried out on existing data. */
function settleVersion(cluster: Cluster, actual: StatefulSet | undefined, ignored: string[]): Cluster {
  const present = environmentOf(actual).find(({ name }) => name === 'PGVERSION')?.value;
  if (!present || present === cluster.version) return cluster;
  ignored.push(`version ${cluster.version}: the data is of version ${present} and stays so (major upgrades are off)`);
  return { ...cluster, version: present };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
}

export function environmentOf(set: StatefulSet | undefined): readonly Variable[] {
  const containers = set?.spec?.template?.spec?.containers as readonly { readonly name: string; readonly env?: readonly Variable[] }[] | undefined;
  return containers?.find(({ name }) => name === 'postgres')?.env ?? [];
}

function planBackup(cluster: Cluster, settings: OperatorSettings, { backup }: Snapshot): readonly Step[] {
  if (cluster.backup) return adjusted(cronJobs, backup, backupJob(cluster, cluster.backup.schedule, settings));
  return backup ? [{ type: 'delete', resource: cronJobs, key: { namespace: cluster.namespace, name: backupName(cluster.name) } }] : [];
}

/** Running members read their parameters from Patroni's configuration record, and reload or restart by themselves. */
function planConfiguration(cluster: Cluster, { config }: Snapshot): readonly Step[] {
  if (!config) return [];
  const text = config.metadata.annotations?.['config'] ?? '{}';
  let present: { readonly postgresql?: { readonly parameters?: unknown } };
  try {
    present = JSON.parse(text) as typeof present;
  } catch {
    present = {};
  }
  const parameters = present.postgresql?.parameters ?? {};
  if (covers(parameters, cluster.parameters) && covers(cluster.parameters, parameters)) return [];
  const next = JSON.stringify({ ...present, postgresql: { ...present.postgresql, parameters: cluster.parameters } });
  return [{ type: 'patch', resource: configMaps, key: keyOf(config), patch: { metadata: { annotations: { config: next } } } }];
}
