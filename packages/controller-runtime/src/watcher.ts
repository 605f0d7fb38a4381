import { isGone, isNotFound } from '@plinth/apimachinery';
import type { ApiResource, KubeObject, ObjectList, UnstructuredObject, WatchEvent } from '@plinth/apimachinery';
import { failureOf, type Client } from '@plinth/client';

import { backoffMs } from './backoff.ts';
import { sleep, systemClock, type Clock } from './clock.ts';

/**
 * What a watcher says. After `listing` come the objects that are there, as `listed`, and `synced` ends them: whatever was
 * known before and was not among them is gone. Then single changes follow, until the next `listing`.
 */
export type WatcherEvent<T extends KubeObject = UnstructuredObject> =
  | { readonly type: 'listing' }
  | { readonly type: 'listed'; readonly objects: readonly T[] }
  | { readonly type: 'synced'; readonly resourceVersion: string }
  | { readonly type: 'applied'; readonly object: T }
  | { readonly type: 'deleted'; readonly object: T }
  /** Nothing changed up to this version. */
  | { readonly type: 'progress'; readonly resourceVersion: string }
  /** Did not work; tried again by itself after `retryInMs`. */
  | { readonly type: 'failed'; readonly error: unknown; readonly during: 'list' | 'watch'; readonly retryInMs: number };

export interface WatcherOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page of a list. Default 500. */
  readonly pageSize?: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * The modes:
 * - `empty`: nothing is known; a list begins.
 * - `listing`: some pages of a list are there.
 * - `listed`: everything up to a version is known; a watch can start there.
 * - `watching`: a watch is open.
 */
type State =
  | { readonly type: 'empty' }
  | { readonly type: 'listing'; readonly continueToken: string }
  | { readonly type: 'listed'; readonly resourceVersion: string }
  | { readonly type: 'watching'; readonly resourceVersion: string; readonly events: AsyncIterator<WatchEvent> };

/** First retry soon, because the usual cause at home is a server that restarts; later ones at most this far apart. */
const retry = { baseMs: 50, maxMs: 5_000 };
/** A kind that is not served yet may be defined at any moment, and a question about it costs the server next to nothing. */
const retryUnknownKind = { baseMs: 50, maxMs: 500 };
/** A watch that lived this long ended in the normal way: the next failure is a first one. */
const healthyAfterMs = 5_000;

/**
 * Follows all objects of a kind for ever: lists, watches, and starts over where it must. It ends only when the signal
 * aborts, and never throws.
 *
 * Guarantees: between two `synced` nothing is missed. A watch that ends is taken up at the last version seen; when the
 * server no longer has that version (410), everything is listed again. Pages of one list are of one version.
 */
export async function* watcher<T extends KubeObject = UnstructuredObject>(
  client: Client,
  resource: ApiResource,
  options: WatcherOptions,
): AsyncGenerator<WatcherEvent<T>> {
  const { signal, clock = systemClock, random = Math.random, pageSize = 500 } = options;
  const selection = {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
  let state: State = { type: 'empty' };
  let failures = 0;
  let watchingSince = 0;

  try {
    while (!signal.aborted) {
      try {
        switch (state.type) {
          case 'empty':
          case 'listing': {
            if (state.type === 'empty') yield { type: 'listing' };
            const page: ObjectList<T> = await client.list<T>(resource, {
              ...selection,
              limit: pageSize,
              ...(state.type === 'listing' ? { continue: state.continueToken } : {}),
            });
            if (signal.aborted) return;
            if (page.items.length > 0) yield { type: 'listed', objects: page.items };
            if (page.metadata.continue) {
              state = { type: 'listing', continueToken: page.metadata.continue };
            } else {
              state = { type: 'listed', resourceVersion: page.metadata.resourceVersion };
              yield { type: 'synced', resourceVersion: page.metadata.resourceVersion };
            }
            break;
          }
          case 'listed': {
            const resourceVersion: string = state.resourceVersion;
            const events = client.watch(resource, { ...selection, resourceVersion, signal })[Symbol.asyncIterator]();
            watchingSince = clock.now();
            state = { type: 'watching', resourceVersion, events };
            break;
          }
          case 'watching': {
            const next: IteratorResult<WatchEvent> = await state.events.next();
            if (signal.aborted) return;
            if (next.done) {
              const lived = clock.now() - watchingSince;
              state = { type: 'listed', resourceVersion: state.resourceVersion };
              if (lived >= healthyAfterMs) failures = 0;
              else throw new Error(`the watch ended after ${lived} ms`);
              break;
            }
            const event: WatchEvent = next.value;
            if (event.type === 'ERROR') throw failureOf(event.object.code, event.object);
            const resourceVersion: string = event.object.metadata.resourceVersion ?? state.resourceVersion;
            state = { type: 'watching', resourceVersion, events: state.events };
            failures = 0;
            if (event.type === 'BOOKMARK') yield { type: 'progress', resourceVersion };
            else if (event.type === 'DELETED') yield { type: 'deleted', object: event.object as unknown as T };
            else yield { type: 'applied', object: event.object as unknown as T };
            break;
          }
          default:
            state satisfies never;
        }
      } catch (error) {
        if (signal.aborted) return;
        const during: 'list' | 'watch' = state.type === 'empty' || state.type === 'listing' ? 'list' : 'watch';
        failures += 1;
        const retryInMs = backoffMs(failures, { ...(isNotFound(error) ? retryUnknownKind : retry), random });
        close(state);
        if (isGone(error) || state.type === 'listing') state = { type: 'empty' };
        else if (state.type === 'watching') state = { type: 'listed', resourceVersion: state.resourceVersion };
        yield { type: 'failed', error, during, retryInMs };
        await sleep(clock, retryInMs, signal);
      }
    }
  } finally {
    close(state);
  }
}

/** Ends an open watch without waiting for it. */
function close(state: State): void {
  if (state.type === 'watching') void state.events.return?.().catch(() => {});
}
