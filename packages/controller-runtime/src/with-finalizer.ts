import { isNotFound, keyOf, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

import { done } from './results.ts';
import type { Result } from './types.ts';

export interface FinalizerHandlers<T extends KubeObject> {
  /** The object is to exist. Called only when the finalizer is on it, durably. */
  readonly apply: (object: T) => Promise<Result>;
  /** The object is to go. `done` lets it go; anything else (or a throw) keeps the finalizer. Must be idempotent. */
  readonly cleanup: (object: T) => Promise<Result>;
}

/**
 * Runs `apply` while an object is to exist and `cleanup` once it is deleted, and sees to it that no object goes before
 * its `cleanup` is done.
 *
 * Guarantees: the finalizer is on the object before `apply` first runs, in the same reconcile. Nothing is done to an
 * object that is being deleted and no longer (or never) carried the finalizer.
 *
 * Errors: a Conflict when the object changed since it was read (just let the reconcile fail: it is tried again).
 */
export async function withFinalizer<T extends KubeObject>(
  client: Client,
  resource: ApiResource,
  object: T,
  finalizer: string,
  handlers: FinalizerHandlers<T>,
): Promise<Result> {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const has = finalizers.includes(finalizer);
  if (!deletionTimestamp) {
    const held = has ? object : await setFinalizers(client, resource, object, [...finalizers, finalizer]);
    return handlers.apply(held);
  }
  if (!has) return done;
  const result = await handlers.cleanup(object);
  if (result.type !== 'done') return result;
  try {
    await setFinalizers(client, resource, object, finalizers.filter((name) => name !== finalizer));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done;
}

/** The version in the patch makes it fail rather than undo what others did to the list meanwhile. */
function setFinalizers<T extends KubeObject>(client: Client, resource: ApiResource, object: T, finalizers: readonly string[]): Promise<T> {
  const { uid, resourceVersion } = object.metadata;
  return client.patch<T>(resource, keyOf(object), 'merge', { metadata: { uid, resourceVersion, finalizers } });
}
