import { compareResourceVersions, keyString, matchesLabels, parseLabelSelector } from '@plinth/apimachinery';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';

import { createObjectIndex } from './object-index.ts';
import type { Logger } from './logger.ts';
import type { Informer, InformerHandler } from './types.ts';
import type { WatcherEvent } from './watcher.ts';

export interface InformerSelection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The side of an informer that fills it. */
export interface RunningInformer<T extends KubeObject> {
  readonly informer: Informer<T>;
  /** Takes the events of a watcher, in order. */
  handle(event: WatcherEvent<T>): void;
  /** See `Cache.observed`. */
  observed(object: T): void;
  /** Nothing more comes; rejects `synced` when it was still awaited. */
  stop(): void;
}

/**
 * The modes, besides what is known:
 * - not listing: changes are taken one by one;
 * - listing: what a list says is gathered, and becomes the truth as a whole when the list is complete. Until then the
 *   old state stays readable.
 *
 * What a reconciler wrote itself may come in by {@link RunningInformer.observed} before the watch tells of it. `upTo`
 * is the version that the watch has reached: a written object with a newer version is news, one with an older version
 * is known already, or was deleted since and must not rise again. In the same way an event older than what is there is
 * an echo from before a write of ours.
 */
export function createInformer<T extends KubeObject>(
  resource: ApiResource,
  selection: InformerSelection,
  log: Logger,
): RunningInformer<T> {
  const objects = createObjectIndex<T>();
  const handlers = new Set<InformerHandler<T>>();
  const synced = Promise.withResolvers<void>();
  synced.promise.catch(() => {}); // Whoever awaits it hears of it; nobody has to.
  const query = selection.labelSelector === undefined ? undefined : parseLabelSelector(selection.labelSelector);
  let hasSynced = false;
  let listing: Map<string, T> | undefined;
  let upTo: string | undefined;

  const tell = (call: (handler: InformerHandler<T>) => void): void => {
    for (const handler of handlers) {
      try {
        call(handler);
      } catch (err) {
        log.error({ kind: resource.kind, err }, 'a handler of an informer threw');
      }
    }
  };
  const put = (object: T): void => {
    const previous = objects.get(object.metadata);
    if (previous && !isNewer(object, previous)) return;
    objects.set(object);
    if (!previous) tell((handler) => handler.added?.(object));
    else if (previous.metadata.uid === object.metadata.uid) tell((handler) => handler.updated?.(object, previous));
    else {
      // Deleted and made again between two looks: two objects, and a handler must hear of both.
      tell((handler) => handler.deleted?.(previous));
      tell((handler) => handler.added?.(object));
    }
  };
  const remove = (key: string, last: T): void => {
    const known = objects.getByString(key);
    if (!known || isAfter(known.metadata.resourceVersion, last.metadata.resourceVersion)) return;
    objects.delete(key);
    tell((handler) => handler.deleted?.(last));
  };
  const replace = (listed: ReadonlyMap<string, T>, resourceVersion: string): void => {
    for (const key of objects.keys()) {
      const known = objects.getByString(key)!;
      const isOurs = !listed.has(key) && isAfter(known.metadata.resourceVersion, resourceVersion);
      if (!listed.has(key) && !isOurs) {
        objects.delete(key);
        tell((handler) => handler.deleted?.(known));
      }
    }
    for (const object of listed.values()) put(object);
  };

  const informer: Informer<T> = {
    resource,
    synced: synced.promise,
    get: (key) => objects.get(key),
    list: ({ namespace, labels } = {}) => {
      const wanted = labels ? Object.entries(labels) : [];
      const found: T[] = [];
      for (const object of namespace === undefined ? objects.values() : objects.inNamespace(namespace)) {
        if (wanted.every(([name, value]) => object.metadata.labels?.[name] === value)) found.push(object);
      }
      return found;
    },
    byIndex: (index, value) => objects.byIndex(index, value),
    addIndex: (index, values) => objects.addIndex(index, values),
    subscribe: (handler) => {
      for (const object of objects.values()) handler.added?.(object);
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
  };

  return {
    informer,
    handle: (event) => {
      switch (event.type) {
        case 'listing':
          listing = new Map();
          break;
        case 'listed':
          for (const object of event.objects) listing?.set(keyString(object.metadata), object);
          break;
        case 'synced': {
          const listed = listing ?? new Map<string, T>();
          listing = undefined;
          upTo = event.resourceVersion;
          replace(listed, event.resourceVersion);
          hasSynced = true;
          synced.resolve();
          break;
        }
        case 'applied':
          upTo = event.object.metadata.resourceVersion ?? upTo;
          put(event.object);
          break;
        case 'deleted':
          upTo = event.object.metadata.resourceVersion ?? upTo;
          remove(keyString(event.object.metadata), event.object);
          break;
        case 'progress':
          upTo = event.resourceVersion;
          break;
        case 'failed':
          break;
        default:
          event satisfies never;
      }
    },
    observed: (object) => {
      if (!hasSynced || !isAfter(object.metadata.resourceVersion, upTo)) return;
      if (selection.namespace !== undefined && object.metadata.namespace !== selection.namespace) return;
      const known = objects.get(object.metadata);
      // What a field selector says of an object is the server's business: only take news of what it let through before.
      if (known === undefined && selection.fieldSelector !== undefined) return;
      if (query && !matchesLabels(query, object.metadata.labels)) return;
      if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length && known === undefined) return;
      put(object);
    },
    stop: () => {
      if (!hasSynced) synced.reject(new Error(`the informer of ${resource.plural} was stopped before it had synced`));
      handlers.clear();
    },
  };
}

/** Whether `object` is a later state than `known`; where versions say nothing, the last to come wins. */
function isNewer(object: KubeObject, known: KubeObject): boolean {
  const left = object.metadata.resourceVersion;
  const right = known.metadata.resourceVersion;
  if (left === undefined || right === undefined) return true;
  return left !== right && (!comparable(left, right) || compareResourceVersions(left, right) > 0);
}

function isAfter(version: string | undefined, reference: string | undefined): boolean {
  if (version === undefined || reference === undefined || !comparable(version, reference)) return false;
  return compareResourceVersions(version, reference) > 0;
}

const comparable = (left: string, right: string): boolean => isNumber.test(left) && isNumber.test(right);
const isNumber = /^[0-9]{1,15}$/;
