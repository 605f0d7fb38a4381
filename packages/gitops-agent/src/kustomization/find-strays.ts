import { gvkOf, parseApiVersion, type UnstructuredObject } from '@plinth/apimachinery';
import type { InventoryEntry } from '@plinth/api';
import type { Client } from '@plinth/client';
import { APPLY_MANAGER, OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { identityOf, inventoryId, parseInventoryId } from './subject.ts';

/**
 * Objects that this Kustomization applied and that its inventory does not name: a process that was killed had applied
 * them and not yet written the inventory. Looks at the kinds that the inventory and the source have.
 *
 * Others copy labels (an EndpointSlice has those of its Service), so it takes more than the labels: the agent must have
 * applied the object, and nobody may own it.
 */
export async function findStrays(
  client: Client,
  owner: { readonly name: string; readonly namespace: string },
  inventory: readonly InventoryEntry[],
  objects: readonly UnstructuredObject[],
): Promise<readonly InventoryEntry[]> {
  const kinds = new Map(objects.map((object) => [`${object.apiVersion} ${object.kind}`, gvkOf(object)] as const));
  for (const { id, v } of inventory) {
    const identity = parseInventoryId(id);
    const apiVersion = identity?.group ? `${identity.group}/${v}` : v;
    if (identity) kinds.set(`${apiVersion} ${identity.kind}`, { ...parseApiVersion(apiVersion), kind: identity.kind });
  }
  const known = new Set([...inventory.map(({ id }) => id), ...objects.map((object) => inventoryId(identityOf(object)))]);
  const labelSelector = `${OWNER_NAME_LABEL}=${owner.name},${OWNER_NAMESPACE_LABEL}=${owner.namespace}`;
  const found = await mapConcurrently([...kinds.values()], 8, async (gvk) => {
    const resource = await client.resolve(gvk);
    const live = resource ? (await client.list(resource, { labelSelector })).items : [];
    return live.filter(isApplied).map((object) => ({ id: inventoryId({ ...identityOf(object), group: gvk.group, kind: gvk.kind }), v: gvk.version }));
  });
  return found.flat().filter(({ id }) => !known.has(id));
}

const isApplied = ({ metadata }: UnstructuredObject): boolean =>
  !metadata.ownerReferences?.length && (metadata.managedFields ?? []).some(({ manager, operation }) => manager === APPLY_MANAGER && operation === 'Apply');
