import { customResourceDefinitions } from '@plinth/api';
import { keyOf, type KubeObject, type ObjectKey, type OwnerReference } from '@plinth/apimachinery';
import { createCache, type Cache, type Clock, type Informer, type Logger } from '@plinth/controller-runtime';
import { discoverKinds, type DiscoveredKind } from './discover-kinds.ts';

/** What the inventory keeps of an object. */
export interface Item {
  readonly uid: string;
  readonly kind: DiscoveredKind;
  readonly key: ObjectKey;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly isDeleting: boolean;
}

export interface InventoryOptions {
  /** Its informers are used for built-in kinds. */
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Every object of every kind, with its owners: what the garbage collector and the end of a namespace need to know.
 * Kinds that come later (CRDs) are followed from the moment they are served, and let go when they are not any more.
 */
export interface Inventory extends AsyncDisposable {
  /** Everything that was there in the beginning is known. */
  readonly synced: Promise<void>;
  get(uid: string): Item | undefined;
  all(): readonly Item[];
  dependentsOf(uid: string): readonly Item[];
  inNamespace(namespace: string): readonly Item[];
  kinds(): readonly DiscoveredKind[];
  /** Kinds that are not followed, because nothing depends on them: events. */
  readonly unfollowed: (kind: DiscoveredKind) => boolean;
  /** Told after the change was taken in; `item` is absent when the object is gone. */
  subscribe(changed: (item: Item | undefined, previous: Item | undefined) => void): () => void;
}

const UNFOLLOWED = new Set(['/events', 'events.k8s.io/events']);

export function followInventory({ cache, clock, log, signal }: InventoryOptions): Inventory {
  const items = new Map<string, Item>();
  const dependents = new Map<string, Set<string>>();
  const namespaces = new Map<string, Set<string>>();
  const followed = new Map<string, { readonly kind: DiscoveredKind; readonly end: () => Promise<void> }>();
  const listeners = new Set<(item: Item | undefined, previous: Item | undefined) => void>();
  const synced = Promise.withResolvers<void>();
  synced.promise.catch(() => {});
  let kinds: readonly DiscoveredKind[] = [];
  let discovering: Promise<void> | undefined;
  let again = false;
  let cancelRetry = (): void => {};

  const tell = (item: Item | undefined, previous: Item | undefined): void => {
    for (const changed of listeners) changed(item, previous);
  };
  const put = (kind: DiscoveredKind, object: KubeObject): void => {
    const { uid, namespace, ownerReferences = [], finalizers = [], deletionTimestamp } = object.metadata;
    if (!uid) return;
    const previous = items.get(uid);
    const isDeleting = deletionTimestamp !== undefined;
    // Most changes are of a status and say nothing here.
    if (previous && previous.isDeleting === isDeleting && sameOwners(previous.owners, ownerReferences) && same(previous.finalizers, finalizers)) return;
    const item: Item = { uid, kind, key: keyOf(object), owners: ownerReferences, finalizers, isDeleting };
    items.set(uid, item);
    for (const { uid: owner } of previous?.owners ?? []) removeFrom(dependents, owner, uid);
    for (const { uid: owner } of ownerReferences) addTo(dependents, owner, uid);
    if (namespace && !previous) addTo(namespaces, namespace, uid);
    tell(item, previous);
  };
  const remove = (uid: string): void => {
    const previous = items.get(uid);
    if (!previous) return;
    items.delete(uid);
    for (const { uid: owner } of previous.owners) removeFrom(dependents, owner, uid);
    if (previous.key.namespace) removeFrom(namespaces, previous.key.namespace, uid);
    tell(undefined, previous);
  };

  const follow = (kind: DiscoveredKind, isCustom: boolean): Promise<void> => {
    // A kind of its own cache can be let go on its own when its CRD goes.
    const own = isCustom ? createCache(cache.client, { signal, clock, log }) : undefined;
    const informer: Informer<KubeObject> = (own ?? cache).informer<KubeObject>(kind);
    const unsubscribe = informer.subscribe({
      added: (object) => put(kind, object),
      updated: (object) => put(kind, object),
      deleted: (object) => remove(object.metadata.uid!),
    });
    const end = async (): Promise<void> => {
      unsubscribe();
      await own?.[Symbol.asyncDispose]();
      for (const item of items.values()) if (item.kind.id === kind.id) remove(item.uid);
    };
    followed.set(kind.id, { kind, end });
    return informer.synced.catch(() => {});
  };

  const discover = async (): Promise<void> => {
    const crds = new Set(cache.informer(customResourceDefinitions).list().map((crd) => crd.metadata.name));
    kinds = await discoverKinds(cache.client);
    const wanted = new Map(kinds.filter((kind) => !UNFOLLOWED.has(kind.id)).map((kind) => [kind.id, kind]));
    for (const [id, { kind, end }] of followed) {
      if (wanted.get(id)?.version === kind.version) continue;
      followed.delete(id);
      await end();
    }
    const begun = [...wanted.values()].filter(({ id }) => !followed.has(id)).map((kind) => follow(kind, crds.has(`${kind.plural}.${kind.group}`)));
    await Promise.all(begun);
  };
  const rediscover = (): void => {
    if (signal.aborted) return;
    if (discovering) {
      again = true;
      return;
    }
    cancelRetry();
    discovering = discover()
      .then(() => synced.resolve())
      .catch((err: unknown) => {
        if (signal.aborted) return;
        log.warn({ err, retryInMs: RETRY_MS }, 'discovering kinds failed, trying again');
        cancelRetry = clock.setTimeout(rediscover, RETRY_MS);
      })
      .finally(() => {
        discovering = undefined;
        if (!again) return;
        again = false;
        rediscover();
      });
  };

  const crdInformer = cache.informer<KubeObject>(customResourceDefinitions);
  const stopCrds: (() => void)[] = [];
  void crdInformer.synced
    .then(() => {
      let replaying = true;
      const changed = (): void => {
        if (!replaying) rediscover();
      };
      stopCrds.push(crdInformer.subscribe({ added: changed, updated: changed, deleted: changed }));
      replaying = false;
      rediscover();
    })
    .catch(() => synced.reject(new Error('the inventory was ended before it was complete')));

  return {
    synced: synced.promise,
    get: (uid) => items.get(uid),
    all: () => [...items.values()],
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])].map((dependent) => items.get(dependent)!),
    inNamespace: (namespace) => [...(namespaces.get(namespace) ?? [])].map((uid) => items.get(uid)!),
    kinds: () => kinds,
    unfollowed: (kind) => UNFOLLOWED.has(kind.id),
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    [Symbol.asyncDispose]: async () => {
      cancelRetry();
      for (const stop of stopCrds) stop();
      listeners.clear();
      await discovering;
      await Promise.all([...followed.values()].map(({ end }) => end()));
    },
  };
}

const RETRY_MS = 1000;

function addTo(index: Map<string, Set<string>>, key: string, uid: string): void {
  const set = index.get(key);
  if (set) set.add(uid);
  else index.set(key, new Set([uid]));
}

function removeFrom(index: Map<string, Set<string>>, key: string, uid: string): void {
  const set = index.get(key);
  set?.delete(uid);
  if (set?.size === 0) index.delete(key);
}

const same = (left: readonly string[], right: readonly string[]): boolean => left.length === right.length && left.every((value, index) => value === right[index]);
const sameOwners = (left: readonly OwnerReference[], right: readonly OwnerReference[]): boolean =>
  left === right || (left.length === right.length && left.every((owner, index) => owner.uid === right[index]!.uid && owner.blockOwnerDeletion === right[index]!.blockOwnerDeletion));
