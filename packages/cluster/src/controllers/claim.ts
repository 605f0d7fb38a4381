import { isNotFound, isConflict, isInvalid, keyOf, matchesLabels, queryOfSelector, type ApiResource, type KubeObject, type LabelSelector } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { Informer } from '@plinth/controller-runtime';
import { controllerReference } from '../objects/owner.ts';
import { dependentsOf, orphansIn } from './controller-context.ts';

export interface ClaimOptions<T extends KubeObject> {
  readonly client: Client;
  readonly informer: Informer<T>;
  readonly ownerResource: ApiResource;
  readonly owner: KubeObject;
  readonly selector: LabelSelector | undefined;
  /** Names that the owner could not have given are left alone. */
  readonly mayAdopt?: (object: T) => boolean;
}

/**
 * The objects that belong to `owner`: those it controls and that its selector selects. Orphans that it selects are
 * adopted (a StatefulSet that was deleted with `--cascade=orphan` and made again finds its pods), and those that it does
 * not select any more are let go.
 */
export async function claim<T extends KubeObject>({ client, informer, ownerResource, owner, selector, mayAdopt }: ClaimOptions<T>): Promise<readonly T[]> {
  const query = queryOfSelector(selector);
  const selects = (object: T): boolean => matchesLabels(query, object.metadata.labels);
  const owned = dependentsOf(informer, owner);
  const claimed = owned.filter((object) => selects(object) || object.metadata.deletionTimestamp);
  if (owner.metadata.deletionTimestamp) return claimed;
  for (const object of owned) {
    if (selects(object) || object.metadata.deletionTimestamp) continue;
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid);
    await patchOwners(client, informer.resource, object, ownerReferences);
  }
  for (const object of orphansIn(informer, owner.metadata.namespace!)) {
    if (!selects(object) || object.metadata.deletionTimestamp || mayAdopt?.(object) === false) continue;
    const adopted = await patchOwners(client, informer.resource, object, [...(object.metadata.ownerReferences ?? []), controllerReference(ownerResource, owner)]);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function patchOwners<T extends KubeObject>(client: Client, resource: ApiResource, object: T, ownerReferences: readonly unknown[]): Promise<T | undefined> {
  const { uid, resourceVersion } = object.metadata;
  try {
    return await client.patch<T>(resource, keyOf(object), 'merge', { metadata: { uid, resourceVersion, ownerReferences } });
  } catch (error) {
    // It changed or went meanwhile: its event brings us back.
    if (isNotFound(error) || isConflict(error) || isInvalid(error)) return undefined;
    throw error;
  }
}
