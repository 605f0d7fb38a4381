import { isNotFound, parseApiVersion } from '@plinth/apimachinery';
import type { InventoryEntry } from '@plinth/api';
import type { Client } from '@plinth/client';
import { controlOf, isHandsOff, isOwnedBy } from './controls.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { compareObjects, wavesOf } from './sort-order.ts';
import { parseInventoryId, type ObjectIdentity } from './subject.ts';

export interface PruneResult {
  /** Subjects of the objects whose deletion was asked for. */
  readonly deleted: readonly string[];
  /** What could not be deleted: it stays in the inventory and is tried again. */
  readonly survivors: readonly InventoryEntry[];
  readonly errors: readonly string[];
}

const CONCURRENCY = 32;

/**
 * Deletes objects that left the source, in the reverse order of application, without waiting for their end.
 *
 * Guarantees: deletes only objects that carry the labels of this Kustomization, and none that somebody asked to keep.
 */
export async function prune(client: Client, owner: { readonly name: string; readonly namespace?: string | undefined }, stale: readonly InventoryEntry[]): Promise<PruneResult> {
  const deleted: string[] = [];
  const survivors: InventoryEntry[] = [];
  const errors: string[] = [];
  const known = stale.flatMap((entry) => {
    const identity = parseInventoryId(entry.id);
    return identity ? [{ entry, identity }] : [];
  });
  known.sort((a, b) => compareObjects(b.identity, a.identity));
  for (const wave of wavesOf(known, ({ identity }) => identity.kind)) {
    await mapConcurrently(wave, CONCURRENCY, async ({ entry, identity }) => {
      const subject = identity.namespace ? `${identity.kind}/${identity.namespace}/${identity.name}` : `${identity.kind}/${identity.name}`;
      try {
        if (await deleteOne(client, owner, identity, entry.v)) deleted.push(subject);
      } catch (error) {
        survivors.push(entry);
        errors.push(`${subject} delete failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }
  return { deleted, survivors, errors };
}

/** False when there was nothing to delete. */
async function deleteOne(client: Client, owner: { readonly name: string; readonly namespace?: string | undefined }, identity: ObjectIdentity, version: string): Promise<boolean> {
  const resource = await client.resolve({ ...parseApiVersion(identity.group ? `${identity.group}/${version}` : version), kind: identity.kind });
  if (!resource) return false;
  const key = resource.namespaced ? { namespace: identity.namespace, name: identity.name } : { name: identity.name };
  const live = await client.find(resource, key);
  if (!live || live.metadata.deletionTimestamp) return false;
  if (!isOwnedBy(live, owner) || isHandsOff(live) || controlOf(live, 'prune') === 'disabled') return false;
  try {
    await client.delete(resource, key, { propagationPolicy: 'Background', ...(live.metadata.uid ? { preconditions: { uid: live.metadata.uid } } : {}) });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
