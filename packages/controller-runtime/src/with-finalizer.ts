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
    return handlers.apply(await addFinalizers(client, resource, object, [finalizer]));
  }
  if (!has) return done;
  const result = await handlers.cleanup(object);
  if (result.type !== 'done') return result;
  try {
    await dropFinalizers(client, resource, object, [finalizer]);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done;
}

/**
 * Puts finalizers on an object; writes nothing when they are there.
 *
 * Errors: Conflict when the object changed since it was read, rather than undo what others did to the list meanwhile.
 */
export async function addFinalizers<T extends KubeObject>(client: Client, resource: ApiResource, object: T, names: readonly string[]): Promise<T> {
  const { finalizers = [] } = object.metadata;
  const missing = names.filter((name) => !finalizers.includes(name));
  return missing.length === 0 ? object : setFinalizers(client, resource, object, [...finalizers, ...missing]);
}

/** Takes finalizers away; writes nothing when none is there. What it returns may be gone. Errors: as {@link addFinalizers}. */
export async function dropFinalizers<T extends KubeObject>(client: Client, resource: ApiResource, object: T, names: readonly string[]): Promise<T> {
  const { finalizers = [] } = object.metadata;
  const kept = finalizers.filter((name) => !names.includes(name));
  return kept.length === finalizers.length ? object : setFinalizers(client, resource, object, kept);
}

/** The version in the patch makes it fail when somebody else wrote. */
function setFinalizers<T extends KubeObject>(client: Client, resource: ApiResource, object: T, finalizers: readonly string[]): Promise<T> {
  const { uid, resourceVersion } = object.metadata;
  return client.patch<T>(resource, keyOf(object), 'merge', { metadata: { uid, resourceVersion, finalizers } });
}
