import { setTimeout as delay } from 'node:timers/promises';
import { keyOf, parseApiVersion, type ApiResource, type KubeObject, type UnstructuredObject } from '@plinth/apimachinery';
import { pods as podKind, type InventoryEntry, type Job, type Pod } from '@plinth/api';
import type { Cache, Clock, Informer } from '@plinth/controller-runtime';
import { healthOf } from '../kustomization/health.ts';
import { identityOf, inventoryId, parseInventoryId } from '../kustomization/subject.ts';
import { OWNER_NAME_LABEL } from '../names.ts';
import { keyOfUnhealthy, type UnhealthyObject } from './build-report.ts';
import { podFinder } from './find-pods.ts';
import { whyUnhealthy } from './why-unhealthy.ts';

/** Follows the health of what Kustomizations applied, on watches. */
export interface HealthWatch {
  /**
   * Says what there is now; kinds that were not there before are watched from then on. Resolves when they have been
   * listed, or after two seconds: one that cannot be listed holds nobody up, but what is of it counts as not well.
   */
  follow(entries: readonly InventoryEntry[]): Promise<void>;
  unhealthy(): readonly UnhealthyObject[];
}

const LISTING_MS = 2_000;

/** Kinds that are as they should be as soon as they are there: to watch them tells nothing. */
const ALWAYS_WELL = new Set([
  ...['ConfigMap', 'Secret', 'ServiceAccount', 'Namespace', 'LimitRange', 'ResourceQuota', 'Endpoints', 'Event', 'PodTemplate'].map((kind) => `/${kind}`),
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map((kind) => `rbac.authorization.k8s.io/${kind}`),
  ...['NetworkPolicy', 'IngressClass'].map((kind) => `networking.k8s.io/${kind}`),
  ...['PriorityClass'].map((kind) => `scheduling.k8s.io/${kind}`),
  ...['StorageClass'].map((kind) => `storage.k8s.io/${kind}`),
]);

/** Kinds whose trouble shows in their pods. */
const WITH_PODS = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job']);

/**
 * `known` says since when objects are unhealthy according to the last report. `changed` is called when `unhealthy` may
 * say something else. Ends with the cache.
 */
export function watchHealth(cache: Cache, options: { readonly clock: Clock; readonly known: readonly UnhealthyObject[]; readonly changed: () => void }): HealthWatch {
  const { clock, changed } = options;
  const since = new Map(options.known.map((each) => [keyOfUnhealthy(each), each.since ?? '']));
  const watched = new Set<string>();
  /** Everything that carries an agent's label and is not well, by inventory id; undefined: it is gone. */
  const sick = new Map<string, { readonly object: KubeObject; readonly isGone: boolean }>();
  /** Kinds that have not been listed yet. */
  const unlisted = new Set<string>();
  let entries: readonly InventoryEntry[] = [];
  let versions: ReadonlyMap<string, string> | undefined = new Map();
  /** Versions of APIs by id; made when something is not well. */
  const inventory = (): ReadonlyMap<string, string> => (versions ??= new Map(entries.map(({ id, v }) => [id, v])));
  let pods: Informer<Pod> | undefined;

  const look = (id: string, object: KubeObject, isGone: boolean): void => {
    const was = sick.has(id);
    if (isGone ? !hasExpired(object) : healthOf(object) !== 'Current') sick.set(id, { object, isGone });
    else sick.delete(id);
    if (was || sick.has(id)) changed();
  };
  const watch = (resource: ApiResource): Promise<void> => {
    const informer = cache.informer<UnstructuredObject>(resource, { labelSelector: OWNER_NAME_LABEL });
    const idOf = (object: KubeObject): string => inventoryId({ ...identityOf(object), group: resource.group, kind: resource.kind });
    informer.subscribe({
      added: (object) => look(idOf(object), object, false),
      updated: (object) => look(idOf(object), object, false),
      deleted: (object) => look(idOf(object), object, true),
    });
    unlisted.add(`${resource.group}/${resource.kind}`);
    const listed = informer.synced.then(
      () => {
        unlisted.delete(`${resource.group}/${resource.kind}`);
        changed();
      },
      () => {},
    );
    if (pods || !WITH_PODS.has(`${resource.group}/${resource.kind}`)) return listed;
    pods = cache.informer<Pod>(podKind);
    const touch = (): void => {
      if (sick.size > 0) changed();
    };
    pods.subscribe({ added: touch, updated: touch, deleted: touch });
    return listed;
  };
  /** For one report; made when the first workload asks. */
  const finder = (): ((object: KubeObject) => readonly Pod[]) => {
    let find: ((workload: KubeObject) => readonly Pod[]) | undefined;
    return (object) => {
      if (!pods || !WITH_PODS.has(`${parseApiVersion(object.apiVersion).group}/${object.kind}`)) return [];
      find ??= podFinder(pods.list());
      return find(object);
    };
  };

  /** Nobody knows how these are. */
  const unseen = (): readonly UnhealthyObject[] =>
    [...inventory()].flatMap(([id, version]) => {
      const identity = parseInventoryId(id);
      if (!identity || !unlisted.has(`${identity.group}/${identity.kind}`)) return [];
      const { group, kind, namespace, name } = identity;
      return [{ apiVersion: group ? `${group}/${version}` : version, kind, ...(namespace ? { namespace } : {}), name, reason: 'InProgress', message: `objects of kind ${kind} cannot be listed there` }];
    });

  return {
    follow: async (applied) => {
      entries = applied;
      versions = undefined;
      for (const id of sick.keys()) if (!inventory().has(id) && sick.get(id)?.isGone) sick.delete(id);
      const listing: Promise<void>[] = [];
      const ends = new Set<string>();
      for (const { id, v } of entries) {
        // `_group_kind`: the same for most.
        const end = id.slice(id.lastIndexOf('_', id.lastIndexOf('_') - 1));
        if (ends.has(end)) continue;
        ends.add(end);
        const [, group = '', kind = ''] = end.split('_');
        const key = `${group}/${kind}`;
        if (watched.has(key) || ALWAYS_WELL.has(key)) continue;
        watched.add(key);
        try {
          const resource = await cache.client.resolve({ group, version: v, kind });
          if (resource) listing.push(watch(resource));
          else watched.delete(key);
        } catch (error) {
          watched.delete(key);
          throw error;
        }
      }
      if (listing.length === 0) return;
      const waited = new AbortController();
      await Promise.race([Promise.all(listing), delay(LISTING_MS, undefined, { signal: waited.signal }).catch(() => {})]);
      waited.abort();
    },
    unhealthy: () => {
      const found: UnhealthyObject[] = [];
      const seen = new Set<string>();
      const add = (each: UnhealthyObject): void => {
        const key = keyOfUnhealthy(each);
        seen.add(key);
        const first = since.get(key) || new Date(clock.now()).toISOString();
        since.set(key, first);
        found.push({ ...each, since: first });
      };
      const podsOf = finder();
      for (const [id, { object, isGone }] of sick) {
        if (!inventory().has(id)) continue;
        const trouble = isGone ? { reason: 'Missing', message: 'somebody deleted it' } : whyUnhealthy(object, podsOf(object));
        if (!trouble) continue;
        const { apiVersion, kind } = object;
        add({ apiVersion, kind, ...keyOf(object), ...trouble });
      }
      if (unlisted.size > 0) for (const each of unseen()) add(each);
      for (const key of since.keys()) if (!seen.has(key)) since.delete(key);
      return found;
    },
  };
}

/** A Job that is done goes by itself when it says so; nobody misses it. */
function hasExpired(object: KubeObject): boolean {
  const { spec, status } = object as Job;
  return object.kind === 'Job' && spec?.ttlSecondsAfterFinished !== undefined && (status?.conditions ?? []).some(({ type, status: said }) => type === 'Complete' && said === 'True');
}
