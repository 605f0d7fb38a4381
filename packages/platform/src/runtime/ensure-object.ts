import { type ApiResource, deepEqual, isAlreadyExists, isNotFound, keyOf, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { Informer } from '@plinth/controller-runtime';

/**
 * Makes an object be there with the wanted content; writes only when it differs. `informer` sees the objects that carry
 * our label. Fields that the server or others added stay. `adopt: false` leaves an object that is not ours as it is.
 */
export async function ensureObject(client: Client, informer: Informer<KubeObject>, desired: KubeObject, options: { readonly adopt?: boolean } = {}): Promise<KubeObject> {
  const resource: ApiResource = informer.resource;
  const existing = informer.get(keyOf(desired));
  if (existing) return holds(existing, desired) ? existing : client.update(resource, overlay(existing, desired));
  try {
    return await client.create(resource, desired);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get<KubeObject>(resource, keyOf(desired));
    if (options.adopt === false || holds(found, desired)) return found;
    return client.update(resource, overlay(found, desired));
  }
}

/** Deletes and does not mind when it is gone already. */
export async function ensureDeleted(client: Client, resource: ApiResource, object: KubeObject): Promise<void> {
  try {
    const { uid } = object.metadata;
    await client.delete(resource, keyOf(object), { propagationPolicy: 'Background', ...(uid ? { preconditions: { uid } } : {}) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Whether everything that is wanted is so. */
export function holds(existing: KubeObject, desired: KubeObject): boolean {
  const { metadata, ...content } = desired;
  const subset = (have: Readonly<Record<string, string>> | undefined, want: Readonly<Record<string, string>> | undefined): boolean =>
    Object.entries(want ?? {}).every(([key, value]) => have?.[key] === value);
  if (!subset(existing.metadata.labels, metadata.labels) || !subset(existing.metadata.annotations, metadata.annotations)) return false;
  return Object.entries(content).every(([key, value]) => deepEqual((existing as unknown as Record<string, unknown>)[key], value));
}

function overlay(existing: KubeObject, desired: KubeObject): KubeObject {
  return {
    ...existing,
    ...desired,
    metadata: {
      ...existing.metadata,
      labels: { ...existing.metadata.labels, ...desired.metadata.labels },
      ...(desired.metadata.annotations ? { annotations: { ...existing.metadata.annotations, ...desired.metadata.annotations } } : {}),
    },
  };
}
