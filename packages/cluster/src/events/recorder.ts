import { coreEvents } from '@plinth/api';
import { apiVersionOf, isApiError, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { createTokenBucket, NORMAL_EVENTS, type Clock, type Logger } from '@plinth/controller-runtime';
import { timeOf } from '../objects/time.ts';

export interface EventRecorderOptions {
  readonly client: Client;
  /** `kubelet`, `job-controller`: the source that `kubectl describe` shows. */
  readonly component: string;
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Tells people what happened to an object.
 *
 * Guarantees: never waits and never throws. The same event of the same object counts up instead of being written again.
 * Caveats: events are the first to give when there is too much to do: normal ones are written after warnings and at the rate of
 * `NORMAL_EVENTS`, and what does not fit into the queue is dropped.
 */
export interface EventRecorder {
  record(resource: ApiResource, object: KubeObject, event: Happening): void;
}

export interface Happening {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `spec.containers{name}` */
  readonly fieldPath?: string;
}

interface Told {
  readonly key: { readonly namespace: string; readonly name: string };
  readonly firstAt: string;
  count: number;
  /** The count is ahead of what is written. */
  dirty: boolean;
}

export function createEventRecorder({ client, component, host, clock, log, signal }: EventRecorderOptions): EventRecorder {
  const told = new Map<string, Told>();
  const warnings: (() => Promise<void>)[] = [];
  const normal: (() => Promise<void>)[] = [];
  const normalEvents = createTokenBucket({ clock, ...NORMAL_EVENTS });
  let writing = 0;
  let cancelPump: (() => void) | undefined;

  const pump = (): void => {
    while (writing < MAX_WRITES) {
      const write = warnings.shift() ?? (normal.length > 0 && normalEvents.take() ? normal.shift() : undefined);
      if (!write) {
        if (normal.length > 0) pumpIn(normalEvents.waitMs());
        return;
      }
      writing += 1;
      void write()
        .catch((err: unknown) => {
          // An object in a namespace that goes away cannot be told of any more.
          if (!signal.aborted && !isApiError(err)) log.warn({ component, err }, 'writing an event failed');
          else log.debug({ component, err }, 'an event was refused');
        })
        .finally(() => {
          writing -= 1;
          pump();
        });
    }
  };
  const pumpIn = (ms: number): void => {
    cancelPump ??= clock.setTimeout(() => {
      cancelPump = undefined;
      pump();
    }, ms);
  };
  signal.addEventListener('abort', () => cancelPump?.(), { once: true });
  const enqueue = (type: Happening['type'], write: () => Promise<void>): boolean => {
    const [queue, limit] = type === 'Warning' ? ([warnings, MAX_QUEUED] as const) : ([normal, MAX_QUEUED_NORMAL] as const);
    if (signal.aborted || queue.length >= limit) return false;
    queue.push(write);
    // What is on its way (a pod that starts) goes before the tale of it.
    if (type === 'Warning') pump();
    else pumpIn(NORMAL_DELAY_MS);
    return true;
  };

  return {
    record: (resource, object, { type, reason, message, fieldPath }) => {
      const { namespace = 'default', name, uid = '' } = object.metadata;
      const text = message.slice(0, MAX_MESSAGE);
      const id = [uid, type, reason, text, fieldPath ?? ''].join('\n');
      const at = timeOf(clock.now());
      const known = told.get(id);
      if (known) {
        known.count += 1;
        if (known.dirty) return;
        known.dirty = enqueue(type, async () => {
          known.dirty = false;
          await client.patch(coreEvents, known.key, 'merge', { count: known.count, lastTimestamp: timeOf(clock.now()) });
        });
        return;
      }
      const key = { namespace, name: `${name.slice(0, MAX_NAME)}.${(clock.now() * 1000 + Math.floor(Math.random() * 1000)).toString(16)}${Math.floor(Math.random() * 65536).toString(16)}` };
      const entry: Told = { key, firstAt: at, count: 1, dirty: true };
      const accepted = enqueue(type, async () => {
        const { count } = entry;
        entry.dirty = false;
        await client.create(coreEvents, {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: key,
          involvedObject: {
            apiVersion: apiVersionOf(resource),
            kind: resource.kind,
            ...(object.metadata.namespace ? { namespace } : {}),
            name,
            uid,
            ...(object.metadata.resourceVersion ? { resourceVersion: object.metadata.resourceVersion } : {}),
            ...(fieldPath ? { fieldPath } : {}),
          },
          type,
          reason,
          message: text,
          source: { component, ...(host ? { host } : {}) },
          firstTimestamp: at,
          lastTimestamp: at,
          count,
          reportingComponent: component,
          reportingInstance: host ?? '',
        });
      });
      if (!accepted) return;
      if (told.size >= MAX_TOLD) told.delete(told.keys().next().value!);
      told.set(id, entry);
    },
  };
}

const MAX_WRITES = 4;
const NORMAL_DELAY_MS = 50;
const MAX_QUEUED = 2000;
const MAX_QUEUED_NORMAL = 400;
const MAX_TOLD = 2000;
const MAX_MESSAGE = 1024;
const MAX_NAME = 200;
