import { isConflict, isNotFound, keyOf, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client, DeleteOptions } from '@plinth/client';

/** Deletes this very object; one that is gone, or is another of the same name by now, is fine. */
export async function deleteObject(client: Client, resource: ApiResource, object: KubeObject, options: DeleteOptions = {}): Promise<void> {
  try {
    await client.delete(resource, keyOf(object), { ...options, preconditions: { uid: object.metadata.uid! } });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
