import type { ApiResource, GroupVersionKind, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { watcher, type Clock, type Logger } from '@plinth/controller-runtime';
import { identityOf, inventoryId } from '../kustomization/subject.ts';
import { OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';

/** What is to be followed, by group and kind. */
export type WatchedKinds = ReadonlyMap<string, GroupVersionKind>;

export interface DriftWatch extends AsyncDisposable {
  /** Follows these kinds, and no others from now on. Kinds that the cluster does not serve are left out until the next call. */
  follow(kinds: WatchedKinds): void;
}

export interface DriftWatchOptions {
  /** May list and watch what was applied. */
  readonly client: Client;
  /** An object that carries the labels of a Kustomization is there, changed, or is gone (then: its last state). */
  readonly seen: (id: string, object: UnstructuredObject, isGone: boolean) => void;
  /** All of a kind, by inventory id, as of a version: the others are gone. */
  readonly listed: (kind: GroupVersionKind, ids: ReadonlySet<string>, resourceVersion: string) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A cluster need not bear more watches from one agent; what is of further kinds is looked at at the interval. */
const MAX_WATCHES = 100;
const SELECTOR = `${OWNER_NAME_LABEL},${OWNER_NAMESPACE_LABEL}`;

/** Tells what happens to applied objects: a watch for each kind, of labelled objects alone. Keeps none of them. */
export function watchDrift(options: DriftWatchOptions): DriftWatch {
  const { client, clock, log } = options;
  const watches = new Map<string, { readonly end: AbortController; readonly finished: Promise<void> }>();
  let hasSaidFull = false;

  async function run(key: string, kind: GroupVersionKind, signal: AbortSignal): Promise<void> {
    try {
      const resource = await client.resolve(kind);
      if (resource) await followKind(resource, kind, signal);
    } catch (err) {
      if (!signal.aborted) log.warn({ kind: kind.kind, err }, 'failed to watch for drift, it is noticed at the interval');
    }
    if (!signal.aborted) watches.delete(key);
  }

  async function followKind(resource: ApiResource, kind: GroupVersionKind, signal: AbortSignal): Promise<void> {
    const idOf = (object: UnstructuredObject): string => inventoryId({ ...identityOf(object), group: kind.group, kind: kind.kind });
    let ids = new Set<string>();
    for await (const event of watcher<UnstructuredObject>(client, resource, { labelSelector: SELECTOR, signal, clock })) {
      switch (event.type) {
        case 'listing':
          ids = new Set();
          break;
        case 'listed':
          for (const object of event.objects) {
            ids.add(idOf(object));
            options.seen(idOf(object), object, false);
          }
          break;
        case 'synced':
          options.listed(kind, ids, event.resourceVersion);
          ids = new Set();
          break;
        case 'applied':
        case 'deleted':
          options.seen(idOf(event.object), event.object, event.type === 'deleted');
          break;
        case 'failed':
          log.debug({ kind: kind.kind, during: event.during, retryInMs: Math.round(event.retryInMs), err: event.error }, 'watching for drift failed, trying again');
          break;
        case 'progress':
          break;
        default:
          event satisfies never;
      }
    }
  }

  return {
    follow: (kinds) => {
      for (const [key, { end }] of watches) {
        if (kinds.has(key)) continue;
        end.abort();
        watches.delete(key);
      }
      for (const [key, kind] of kinds) {
        if (watches.has(key)) continue;
        if (watches.size >= MAX_WATCHES) {
          if (!hasSaidFull) log.warn({ kinds: kinds.size, watched: MAX_WATCHES }, 'there are too many kinds to watch all, drift of the others is noticed at the interval');
          hasSaidFull = true;
          return;
        }
        const end = new AbortController();
        watches.set(key, { end, finished: run(key, kind, AbortSignal.any([options.signal, end.signal])) });
      }
    },
    [Symbol.asyncDispose]: async () => {
      const ending = [...watches.values()];
      watches.clear();
      for (const { end } of ending) end.abort();
      await Promise.all(ending.map(({ finished }) => finished));
    },
  };
}
