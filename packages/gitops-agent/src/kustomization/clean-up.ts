import { keyOf, keyString } from '@plinth/apimachinery';
import type { InventoryEntry, Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { EventRecorder } from '@plinth/controller-runtime';
import { findStrays } from './find-strays.ts';
import { prune } from './prune.ts';

/**
 * Deletes what a Kustomization applied, as its policy says; a suspended one leaves everything. `known`: what it applied since its
 * status was written. Throws when something could not be deleted.
 */
export async function cleanUp(kustomization: Kustomization, known: readonly InventoryEntry[], clients: { readonly client: Client; readonly actor: Client; readonly events: EventRecorder }): Promise<void> {
  const { client, actor, events } = clients;
  const { spec, status } = kustomization;
  const policy = spec?.deletionPolicy ?? 'MirrorPrune';
  const mayPrune = policy === 'Orphan' ? false : policy === 'Delete' ? true : spec?.prune === true;
  if (mayPrune && !spec?.suspend) {
    const owner = { name: kustomization.metadata.name, namespace: kustomization.metadata.namespace ?? '' };
    const inventory = [...new Map([...(status?.inventory?.entries ?? []), ...known].map((entry) => [entry.id, entry])).values()];
    const { errors } = await prune(actor, owner, [...inventory, ...(await findStrays(client, owner, inventory, []))]);
    if (errors.length > 0) {
      const message = `delete failed, errors: ${errors.join('; ')}`;
      events.record(kustomization, { type: 'Warning', reason: 'PruneFailed', message });
      throw new Error(`failed to delete the objects of kustomization ${keyString(keyOf(kustomization))}: ${message}`);
    }
  }
}
