import { badRequest, serviceUnavailable, type Status, type UnstructuredObject } from '@plinth/apimachinery';
import { RevisionError, type StoreEvent } from '@plinth/object-store';
import type { Core, RequestContext } from '../core.ts';
import { listPrefix, objectKey, type Served } from '../registry/served.ts';
import { DamagedValueError, decode, previousOf, withVersion } from '../storage/codec.ts';
import { toStatus } from '../errors.ts';
import { ConversionNeeded, converting, toServed } from './convert.ts';
import { parseSelection, selects } from './selection.ts';
import { queryVersion, tooLarge, tooOld } from './version-error.ts';

export interface WatchItem {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: UnstructuredObject | Status;
  /** The store's event behind the item: the same for all who watch, so its bytes can be made once. */
  readonly source?: StoreEvent;
}

export interface WatchSink {
  /** Returns false when the reader is too slow; the watch then ends. */
  readonly item: (item: WatchItem) => boolean;
  readonly end: () => void;
}

/** A watch that has been accepted. Nothing happens until `open`; the returned function ends it without telling the sink. */
export interface WatchFeed {
  readonly served: Served;
  readonly open: (sink: WatchSink) => () => void;
}

/**
 * Follows the objects of a kind from a revision on, or first as they are now.
 *
 * Guarantees: every change once and in order; an object that begins or ceases to match the selector appears as ADDED or
 * DELETED; ends by itself after `timeoutSeconds`, with a bookmark before when the client wants these.
 * Errors: Expired (410) when the revision is compacted.
 */
export function watch(core: Core, served: Served, namespace: string | undefined, context: RequestContext, name?: string): WatchFeed {
  const { query } = context;
  const selection = parseSelection(served, query);
  const version = queryVersion(query);
  const initialEvents = wantsInitialEvents(query, version);
  const only = name ?? selection.name;
  const prefix = only !== undefined && (namespace !== undefined || !served.kind.namespaced) ? objectKey(served, namespace, only) : listPrefix(served, namespace);
  const timeoutMs = timeoutOf(query, core.random);
  if (version !== undefined && version > core.store.revision) throw tooLarge(version, core.store.revision);
  if (!initialEvents.send) assertThere(core, version!);
  return {
    served,
    open: (sink) =>
      follow(core, served, sink, {
        prefix,
        matches: (object) => (only === undefined || object.metadata.name === only) && selects(selection, object),
        after: initialEvents.send ? undefined : version!,
        bookmarks: query.get('allowWatchBookmarks') === 'true' || query.get('allowWatchBookmarks') === '1',
        initialBookmark: initialEvents.bookmark,
        timeoutMs,
      }),
  };
}

interface Plan {
  readonly prefix: string;
  readonly matches: (object: UnstructuredObject) => boolean;
  /** Absent: begin with what is there. */
  readonly after: number | undefined;
  readonly bookmarks: boolean;
  readonly initialBookmark: boolean;
  readonly timeoutMs: number;
}

function follow(core: Core, served: Served, sink: WatchSink, plan: Plan): () => void {
  let ended = false;
  core.metrics.watches += 1;
  let sent = plan.after ?? core.store.revision;
  let unwatch: () => void = () => {};
  let unbookmark: () => void = () => {};
  const stop = (): void => {
    if (!ended) core.metrics.watches -= 1;
    ended = true;
    unwatch();
    unbookmark();
    clearTimeout(timer);
    core.signal.removeEventListener('abort', end);
    retire.delete(end);
  };
  const end = (): void => {
    if (ended) return;
    stop();
    sink.end();
  };
  const send = (item: WatchItem): void => {
    if (!ended && !sink.item(item)) {
      core.log('warn', 'a watch ends because its reader is too slow', { resource: served.kind.plural, group: served.kind.group });
      end();
    }
  };
  // The schema of a CRD may change while its objects are watched.
  const { group, version, plural } = served.kind;
  const current = (): Served => (served.crd ? (core.registry.find(group, version, plural) ?? served) : served);
  const bookmark = (revision: number, initialEnd = false): void => {
    if (revision <= sent && !initialEnd) return;
    sent = revision;
    send({ type: 'BOOKMARK', object: bookmarkObject(served, revision, initialEnd) });
  };
  const timer = setTimeout(() => {
    // Who resumes after a bookmark never hears of what has not been sent before it.
    if (plan.bookmarks && !turns.isWaiting) bookmark(core.store.revision);
    end();
  }, plan.timeoutMs);
  timer.unref();
  core.signal.addEventListener('abort', end, { once: true });
  const retire = watchesOf(core, served);
  retire.add(end);
  if (core.signal.aborted) {
    end();
    return stop;
  }
  const fail = (error: unknown): void => {
    send({ type: 'ERROR', object: toStatus(error instanceof RevisionError ? tooOld(error) : error, core.log) });
    end();
  };
  // With a webhook in between, what happens meanwhile waits for its turn.
  const turns = inOrder(fail, () => ended);
  const begin = (): void => {
    if (plan.after === undefined && plan.initialBookmark) bookmark(sent, true);
    if (ended) return;
    try {
      const stopWatching = core.store.watch(plan.prefix, sent, (event) => {
        if (ended || event.revision <= sent) return;
        sent = event.revision;
        turns.take(
          () => itemOf(core, current(), plan, event),
          (item) => item && send(item),
        );
      });
      unwatch = stopWatching;
      if (ended) stopWatching();
    } catch (error) {
      return fail(error);
    }
    if (plan.bookmarks && !ended) {
      unbookmark = core.store.onRevision((revision) => {
        if (!turns.isWaiting && revision - sent >= REVISIONS_PER_BOOKMARK) bookmark(revision);
      });
    }
  };
  if (plan.after !== undefined) {
    begin();
    return stop;
  }
  if (!served.convert) {
    for (const object of currentObjects(core, served, plan)) {
      if (ended) return stop;
      send({ type: 'ADDED', object });
    }
    begin();
    return stop;
  }
  turns.take(
    () => {
      sent = core.store.revision;
      return [...currentObjects(core, served, plan)];
    },
    (objects) => {
      for (const object of objects) send({ type: 'ADDED', object });
      begin();
    },
  );
  return stop;
}

/** Does one thing after the other, each with what it read; at once as long as nothing has to be converted first, nothing more after the end. */
function inOrder(fail: (error: unknown) => void, hasEnded: () => boolean): { take<T>(read: () => T, use: (value: T) => void): void; readonly isWaiting: boolean } {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    get isWaiting() {
      return waiting > 0;
    },
    take: (read, use) => {
      if (waiting === 0) {
        try {
          return use(read());
        } catch (error) {
          if (!(error instanceof ConversionNeeded)) throw error;
        }
      }
      if (waiting >= MAX_WAITING) return fail(serviceUnavailable('a conversion webhook is too slow for this watch'));
      waiting += 1;
      last = last
        .then(async () => {
          if (hasEnded()) return;
          const value = await converting(read);
          waiting -= 1;
          use(value);
        })
        .catch(fail);
    },
  };
}

/** Events that wait for a webhook. A watch that is this far behind had better begin anew. */
const MAX_WAITING = 10_000;

/** Without news of its own for this many revisions a watch gets a bookmark, so that it can resume after a compaction. */
const REVISIONS_PER_BOOKMARK = 1_000;

const openWatches = new WeakMap<Core, Map<string, Set<() => void>>>();

function watchesOf(core: Core, served: Served): Set<() => void> {
  let byPrefix = openWatches.get(core);
  if (!byPrefix) openWatches.set(core, (byPrefix = new Map()));
  const id = `${served.prefix}${served.apiVersion}`;
  let ends = byPrefix.get(id);
  if (!ends) byPrefix.set(id, (ends = new Set()));
  return ends;
}

/** Ends the watches of a kind that is no longer served as it was, so that its clients look again. */
export function endWatches(core: Core, served: Served): void {
  for (const end of watchesOf(core, served)) end();
}

/** Errors: ConversionNeeded, at the end, for all that need it. */
function* currentObjects(core: Core, served: Served, plan: Plan): Iterable<UnstructuredObject> {
  const toConvert: UnstructuredObject[] = [];
  for (const entry of core.store.list(plan.prefix).entries) {
    try {
      const object = toServed(served, decode(entry));
      if (plan.matches(object)) yield object;
    } catch (error) {
      if (error instanceof ConversionNeeded) toConvert.push(...error.objects);
      else if (!(error instanceof DamagedValueError)) throw error;
      else core.log('error', 'stored value is damaged; left out of a watch', { key: error.key, err: error });
    }
  }
  if (toConvert.length > 0) throw new ConversionNeeded(served, toConvert);
}

function itemOf(core: Core, served: Served, plan: Plan, event: StoreEvent): WatchItem | undefined {
  try {
    const before = previousShown(core, served, event);
    const matched = before !== undefined && plan.matches(before);
    if (event.type === 'put') {
      const object = toServed(served, decode(event));
      if (plan.matches(object)) return { type: matched ? 'MODIFIED' : 'ADDED', object, source: event };
    }
    // The last state that the watcher could see, at the revision at which it ceased to.
    return matched ? { type: 'DELETED', object: withVersion(before, event.revision), source: event } : undefined;
  } catch (error) {
    if (!(error instanceof DamagedValueError)) throw error;
    core.log('error', 'stored value is damaged; left out of a watch', { key: error.key, err: error });
    return undefined;
  }
}

function previousShown(core: Core, served: Served, event: StoreEvent): UnstructuredObject | undefined {
  try {
    const previous = previousOf(event);
    return previous && toServed(served, previous);
  } catch (error) {
    if (!(error instanceof DamagedValueError)) throw error;
    return undefined;
  }
}

function bookmarkObject(served: Served, revision: number, initialEnd: boolean): UnstructuredObject {
  return {
    kind: served.kind.kind,
    apiVersion: served.apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    } as UnstructuredObject['metadata'],
  };
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists */
function wantsInitialEvents(query: URLSearchParams, version: number | undefined): { readonly send: boolean; readonly bookmark: boolean } {
  const asked = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (asked === null) {
    if (match !== '') throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    return { send: version === undefined, bookmark: false };
  }
  if (match !== 'NotOlderThan') {
    throw badRequest('resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  const send = asked === 'true' || asked === '1';
  return { send: send || version === undefined, bookmark: send };
}

function timeoutOf(query: URLSearchParams, random: () => number): number {
  const seconds = Number(query.get('timeoutSeconds') ?? '0');
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw badRequest('Invalid value for query parameter timeoutSeconds: it must be a whole number');
  // Like Kubernetes: half an hour to an hour when the client leaves it to us.
  return seconds > 0 ? Math.min(seconds, 24 * 3_600) * 1_000 : 1_800_000 * (1 + random());
}

/** So that a client whose revision is gone hears it as the answer, and not as the first event. */
function assertThere(core: Core, version: number): void {
  try {
    core.store.list('/none/', { atRevision: version, limit: 1 });
  } catch (error) {
    if (!(error instanceof RevisionError)) throw error;
    throw error.reason === 'future' ? tooLarge(version, core.store.revision) : tooOld(error);
  }
}
