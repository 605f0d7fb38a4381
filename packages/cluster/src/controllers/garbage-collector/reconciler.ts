import { isConflict, isInvalid, isNotFound, parseApiVersion, type KubeObject, type OwnerReference } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import type { Inventory, Item } from '../../inventory/inventory.ts';
import type { ControllerContext } from '../controller-context.ts';
import { blocks, FOREGROUND, ORPHAN, planDependent, type OwnerState } from './plan.ts';

/**
 * Deletes what has lost its owners, and carries out foreground and orphaning deletions. Requests are uids.
 *
 * What the inventory does not know is asked of the API server before anything is deleted for its lack.
 */
export function startGarbageCollector({ cache, ...context }: ControllerContext, inventory: Inventory): Controller {
  const { client } = cache;
  /** Owners that were seen to go: no need to ask. */
  const departed = new Set<string>();

  const controller = runController({ ...context, name: 'garbage-collector', sources: [], concurrency: 16, reconcile: async ({ name: uid }) => {
    const item = inventory.get(uid);
    if (!item) return done;
    if (item.isDeleting) await finishDeletion(item);
    else await collect(item);
    return done;
  } });

  const enqueue = (item: Item): void => controller.enqueue({ name: item.uid });
  void inventory.synced
    .then(() => {
      // Objects that came before their owners were known are looked at once all are.
      for (const item of inventory.all()) if (item.owners.length > 0 || item.isDeleting) enqueue(item);
      const unsubscribe = inventory.subscribe((item, previous) => {
        if (!item) {
          const { uid } = previous!;
          if (departed.size >= MAX_DEPARTED) departed.delete(departed.values().next().value!);
          departed.add(uid);
          for (const dependent of inventory.dependentsOf(uid)) enqueue(dependent);
        } else {
          if (item.owners.length > 0 || item.isDeleting) enqueue(item);
          if (item.isDeleting) for (const dependent of inventory.dependentsOf(item.uid)) enqueue(dependent);
        }
        // An owner that waits for its dependents looks again when one of them goes or turns to others.
        for (const owner of previous?.owners ?? []) {
          const waiting = inventory.get(owner.uid);
          if (waiting?.isDeleting) enqueue(waiting);
        }
      });
      void controller.finished.then(unsubscribe);
    })
    .catch(() => {});

  async function collect(item: Item): Promise<void> {
    const states = new Map<string, OwnerState>();
    for (const owner of item.owners) states.set(owner.uid, await stateOf(owner, item));
    const step = planDependent(item, inventory.dependentsOf(item.uid), (owner) => states.get(owner.uid)!);
    switch (step.type) {
      case 'keep':
        return;
      case 'dropReferences':
        return dropReferences(item, step.uids);
      case 'delete': {
        // What is known may be old: somebody may have adopted it just now.
        const live = await client.find<KubeObject>(item.kind, item.key);
        if (live?.metadata.uid !== item.uid) return;
        const owners = live.metadata.ownerReferences ?? [];
        if (owners.some(({ uid }) => !states.has(uid)) || owners.length !== item.owners.length) return;
        return ignoreStale(client.delete(item.kind, item.key, {
          propagationPolicy: step.propagationPolicy,
          preconditions: { uid: item.uid, resourceVersion: live.metadata.resourceVersion! },
        }), () => enqueue(item));
      }
      default:
        step satisfies never;
    }
  }

  async function stateOf(owner: OwnerReference, item: Item): Promise<OwnerState> {
    const known = inventory.get(owner.uid);
    if (known) return known.isDeleting && known.finalizers.includes(FOREGROUND) ? 'waiting' : 'solid';
    if (departed.has(owner.uid)) return 'absent';
    const { group, version } = parseApiVersion(owner.apiVersion);
    const resource = await client.resolve({ group, version, kind: owner.kind });
    // A kind that is not served: its objects cannot be asked for, so nothing is concluded from their silence.
    if (!resource || (resource.namespaced && !item.key.namespace)) return 'solid';
    const live = await client.find<KubeObject>(resource, resource.namespaced ? { namespace: item.key.namespace!, name: owner.name } : { name: owner.name });
    return live?.metadata.uid === owner.uid ? 'solid' : 'absent';
  }

  async function finishDeletion(item: Item): Promise<void> {
    const dependents = inventory.dependentsOf(item.uid);
    if (item.finalizers.includes(ORPHAN)) {
      for (const dependent of dependents) await dropReferences(dependent, [item.uid]);
      return removeFinalizer(item, ORPHAN);
    }
    if (item.finalizers.includes(FOREGROUND)) {
      for (const dependent of dependents) if (!dependent.isDeleting) controller.enqueue({ name: dependent.uid });
      if (!dependents.some((dependent) => blocks(dependent, item.uid))) await removeFinalizer(item, FOREGROUND);
    }
  }

  async function dropReferences(item: Item, uids: readonly string[]): Promise<void> {
    const live = await client.find<KubeObject>(item.kind, item.key);
    if (live?.metadata.uid !== item.uid) return;
    const ownerReferences = (live.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
    if (ownerReferences.length === (live.metadata.ownerReferences ?? []).length) return;
    await patchMeta(item, live, { ownerReferences });
  }

  async function removeFinalizer(item: Item, finalizer: string): Promise<void> {
    const live = await client.find<KubeObject>(item.kind, item.key);
    if (live?.metadata.uid !== item.uid || !live.metadata.finalizers?.includes(finalizer)) return;
    await patchMeta(item, live, { finalizers: live.metadata.finalizers.filter((each) => each !== finalizer) });
  }

  const patchMeta = (item: Item, live: KubeObject, metadata: object): Promise<void> =>
    ignoreStale(client.patch(item.kind, item.key, 'merge', { metadata: { uid: item.uid, resourceVersion: live.metadata.resourceVersion, ...metadata } }), () => enqueue(item));

  return controller;
}

const MAX_DEPARTED = 20_000;

/** Gone already, or changed meanwhile: `again`, since the inventory tells of few changes. */
async function ignoreStale(write: Promise<unknown>, again: () => void): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (isConflict(error)) return again();
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
