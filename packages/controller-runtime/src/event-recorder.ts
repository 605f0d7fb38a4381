import { isNotFound, microTimeText, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import { isRetryable, type Client } from '@plinth/client';

import { sleep, systemClock, type Clock } from './clock.ts';
import { defaultLogger, type Logger } from './logger.ts';
import { createTokenBucket, NORMAL_EVENTS } from './token-bucket.ts';

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for programs: `WorkflowFailed`. */
  readonly reason: string;
  /** For people; cut at 1024 bytes, as the API asks. */
  readonly message: string;
  /** What was being done: `Reconcile`. Default: the reason. */
  readonly action?: string;
  readonly related?: KubeObject;
}

export interface EventRecorder extends AsyncDisposable {
  /** Notes that something happened to `object`. Returns at once and never throws. */
  record(object: KubeObject, event: RecordedEvent): void;
  /** Resolves when everything noted so far is written or given up. */
  flushed(): Promise<void>;
}

export interface EventRecorderOptions {
  /** `reportingController`: `kratix.io/promise-controller`. */
  readonly controller: string;
  /** `reportingInstance`. Default: the controller. */
  readonly instance?: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Repetitions of an event are written at most this often. Default 10 s. */
  readonly seriesIntervalMs?: number;
}

const events: ApiResource = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
/** Repetitions within this time count as one series; the figure is client-go's. */
const seriesWindowMs = 6 * 60_000;
const maxSeries = 1000;
const maxAttempts = 3;
const maxNoteBytes = 1024;

/** One event and how often it happened. `writtenCount` is what the API server knows of. */
interface Series {
  readonly type: RecordedEvent['type'];
  readonly body: Record<string, unknown>;
  readonly namespace: string;
  readonly name: string;
  count: number;
  writtenCount: number;
  lastAt: number;
  nextWriteAt: number;
}

type Backlog = Record<RecordedEvent['type'], Set<Series>>;

/**
 * Writes `events.k8s.io/v1` Events, off the caller's path: one writer, one event at a time.
 *
 * Guarantees: the same event of the same object is one Event with a count. At most 1000 different ones are remembered
 * and wait; beyond that the oldest are forgotten, because events are help and not record. Warnings go first; normal events
 * are written at the rate of {@link NORMAL_EVENTS}. An event that cannot be written after three tries is dropped.
 */
export function createEventRecorder(client: Client, options: EventRecorderOptions): EventRecorder {
  const { controller, instance = controller, clock = systemClock, log = defaultLogger, seriesIntervalMs = 10_000 } = options;
  const series = new Map<string, Series>();
  /** Series with something to write, in order. */
  const backlog: Backlog = { Warning: new Set(), Normal: new Set() };
  const normalEvents = createTokenBucket({ clock, ...NORMAL_EVENTS });
  const ended = new AbortController();
  let writing: Promise<void> | undefined;
  let serial = 0;
  let cancelTimer: (() => void) | undefined;

  const write = async (item: Series): Promise<void> => {
    for (let attempt = 1; !ended.signal.aborted; attempt += 1) {
      const { count } = item;
      try {
        await send(client, item, count);
        item.writtenCount = count;
        return;
      } catch (err) {
        if (attempt < maxAttempts && isRetryable(err)) {
          await sleep(clock, 500 * attempt, ended.signal);
          continue;
        }
        log.debug({ controller, namespace: item.namespace, event: item.name, err }, 'an event could not be written');
        item.writtenCount = count;
        return;
      }
    }
  };
  const drain = async (): Promise<void> => {
    await Promise.resolve(); // The caller goes on first.
    for (;;) {
      const now = clock.now();
      let next = firstDue(backlog.Warning, now);
      if (next.waitMs > 0 && backlog.Normal.size > 0) {
        const heldMs = normalEvents.waitMs();
        const normal = heldMs > 0 ? { waitMs: heldMs } : firstDue(backlog.Normal, now);
        if (normal.waitMs < next.waitMs) next = normal;
      }
      if (ended.signal.aborted) return;
      const { due } = next;
      if (!due) {
        if (next.waitMs < Infinity) cancelTimer = clock.setTimeout(wake, next.waitMs);
        return;
      }
      if (backlog.Normal.delete(due)) normalEvents.take();
      backlog.Warning.delete(due);
      await write(due);
      due.nextWriteAt = clock.now() + seriesIntervalMs;
      if (due.count > due.writtenCount) backlog[due.type].add(due);
    }
  };
  const wake = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    writing ??= drain().finally(() => {
      writing = undefined;
      if (!ended.signal.aborted && cancelTimer === undefined && backlog.Warning.size + backlog.Normal.size > 0) wake();
    });
  };

  return {
    record: (object, event) => {
      if (ended.signal.aborted) return;
      const now = clock.now();
      const regarding = referenceTo(object);
      const key = JSON.stringify([regarding.uid, regarding.kind, regarding.namespace, regarding.name, event.type, event.reason, event.action, event.message]);
      let item = series.get(key);
      if (item && now - item.lastAt > seriesWindowMs) item = undefined;
      if (item) {
        item.count += 1;
        item.lastAt = now;
      } else {
        serial += 1;
        item = newSeries({ object, event, regarding, now, serial, controller, instance });
      }
      // Re-inserting keeps the map in the order of use.
      series.delete(key);
      series.set(key, item);
      const waiting = backlog[item.type];
      waiting.add(item);
      if (series.size > maxSeries) series.delete(series.keys().next().value!);
      if (waiting.size > maxSeries) waiting.delete(waiting.values().next().value!);
      wake();
    },
    flushed: () => writing ?? Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      cancelTimer?.();
      await writing;
    },
  };
}

/** The first with its time come, and how long (ms) until there is one. */
function firstDue(waiting: ReadonlySet<Series>, now: number): { readonly due?: Series; readonly waitMs: number } {
  let waitMs = Infinity;
  for (const item of waiting) {
    if (item.nextWriteAt <= now) return { due: item, waitMs: 0 };
    waitMs = Math.min(waitMs, item.nextWriteAt - now);
  }
  return { waitMs };
}

async function send(client: Client, item: Series, count: number): Promise<void> {
  const { namespace, name, body } = item;
  const seriesPart = { series: { count, lastObservedTime: microTimeText(item.lastAt) } };
  if (item.writtenCount > 0) {
    try {
      await client.patch(events, { namespace, name }, 'merge', seriesPart);
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error; // It expired: begin anew.
    }
  }
  const metadata = { name, namespace };
  await client.create(events, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata, ...body, ...(count > 1 ? seriesPart : {}) });
}

function newSeries(from: {
  readonly object: KubeObject;
  readonly event: RecordedEvent;
  readonly regarding: ReturnType<typeof referenceTo>;
  readonly now: number;
  readonly serial: number;
  readonly controller: string;
  readonly instance: string;
}): Series {
  const { event, regarding, now } = from;
  return {
    // As client-go names them: the object and the time in hexadecimal, with a number for those of one instant.
    name: `${regarding.name}.${(BigInt(Math.round(now)) * 1_000_000n + BigInt(from.serial % 1_000_000)).toString(16)}`,
    namespace: regarding.namespace ?? 'default',
    type: event.type,
    body: {
      eventTime: microTimeText(now),
      reportingController: from.controller,
      reportingInstance: from.instance,
      action: event.action ?? event.reason,
      reason: event.reason,
      type: event.type,
      note: cut(event.message),
      regarding,
      ...(event.related ? { related: referenceTo(event.related) } : {}),
    },
    count: 1,
    writtenCount: 0,
    lastAt: now,
    nextWriteAt: now,
  };
}

function referenceTo(object: KubeObject) {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

function cut(text: string): string {
  if (text.length * 3 <= maxNoteBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxNoteBytes) return text;
  // The decoder turns a character that was cut in half into U+FFFD, which is dropped.
  return `${new TextDecoder().decode(bytes.subarray(0, maxNoteBytes - 3)).replace(/\uFFFD$/, '')}...`;
}
