import { keyOf, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

import { mergeDiff } from './merge-diff.ts';

export interface PatchStatusOptions {
  readonly fieldManager?: string;
  /** Refuse with a conflict when somebody wrote the object since `object` was read. Default: no, a status has one writer. */
  readonly exclusive?: boolean;
}

/**
 * Makes the object's status be `status`, which is the whole of it. Sends only what differs, and nothing at all when
 * nothing does: a write that changes nothing still costs a round and, on other servers, wakes every watcher.
 *
 * Errors: those of the API; NotFound when the object is gone, Conflict when it is another one of the same name.
 */
export async function patchStatus<T extends KubeObject>(
  client: Client,
  resource: ApiResource,
  object: T,
  status: unknown,
  options: PatchStatusOptions = {},
): Promise<T> {
  const patch = mergeDiff((object as { readonly status?: unknown }).status ?? {}, status ?? {});
  if (patch === undefined) return object;
  const { uid, resourceVersion } = object.metadata;
  const metadata = { ...(uid ? { uid } : {}), ...(options.exclusive && resourceVersion ? { resourceVersion } : {}) };
  return client.patch<T>(resource, keyOf(object), 'merge', { metadata, status: patch }, {
    subresource: 'status',
    ...(options.fieldManager ? { fieldManager: options.fieldManager } : {}),
  });
}
