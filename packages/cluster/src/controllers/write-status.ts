import { deepEqual, isConflict, isNotFound, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/**
 * Writes a status when it is another than the object has. An object that changed meanwhile is left alone: the change
 * wakes its controller, which then looks again.
 */
export async function writeStatus<T extends KubeObject & { readonly status?: unknown }>(
  client: Client,
  resource: ApiResource,
  object: T,
  status: T['status'],
): Promise<void> {
  if (deepEqual(object.status, status)) return;
  try {
    await client.updateStatus(resource, { ...object, status });
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
