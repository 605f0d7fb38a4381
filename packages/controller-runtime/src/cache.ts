import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

import { systemClock, type Clock } from './clock.ts';
import { createInformer, type InformerSelection, type RunningInformer } from './informer.ts';
import { defaultLogger, type Logger } from './logger.ts';
import type { Cache, Informer } from './types.ts';
import { watcher } from './watcher.ts';
import { writeThrough } from './write-through.ts';

export interface CacheOptions {
  /** Ends all informers. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Logger;
}

/**
 * All informers of one client, one per kind and selection, each started when it is first asked for and shared by all
 * controllers. Ends with the signal or its disposal.
 */
export function createCache(client: Client, options: CacheOptions): Cache {
  const { clock = systemClock, log = defaultLogger, random = Math.random } = options;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  const running = new Map<string, { readonly resource: ApiResource; readonly body: RunningInformer<KubeObject>; readonly loop: Promise<void> }>();

  const start = (resource: ApiResource, selection: InformerSelection) => {
    const body = createInformer<KubeObject>(resource, selection, log);
    const loop = follow(client, resource, { ...selection, signal: ended.signal, clock, random }, body, log);
    return { resource, body, loop };
  };
  const cache: Cache = {
    client: writeThrough(client, (resource, object) => cache.observed(resource, object)),
    informer: <T extends KubeObject = UnstructuredObject>(resource: ApiResource, selection: InformerSelection = {}) => {
      const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
      const key = [resource.group, resource.version, resource.plural, namespace, labelSelector, fieldSelector].join('\n');
      let entry = running.get(key);
      if (!entry) {
        entry = start(resource, selection);
        running.set(key, entry);
      }
      return entry.body.informer as unknown as Informer<T>;
    },
    synced: async () => {
      await Promise.all([...running.values()].map(({ body }) => body.informer.synced));
    },
    observed: (resource, object) => {
      for (const entry of running.values()) if (isSame(entry.resource, resource)) entry.body.observed(object);
    },
    [Symbol.asyncDispose]: async () => {
      options.signal.removeEventListener('abort', end);
      end();
      await Promise.all([...running.values()].map(({ loop }) => loop));
    },
  };
  return cache;
}

const isSame = (left: ApiResource, right: ApiResource): boolean =>
  left === right || (left.plural === right.plural && left.group === right.group && left.version === right.version);

async function follow(
  client: Client,
  resource: ApiResource,
  options: InformerSelection & { readonly signal: AbortSignal; readonly clock: Clock; readonly random: () => number },
  body: RunningInformer<KubeObject>,
  log: Logger,
): Promise<void> {
  for await (const event of watcher<KubeObject>(client, resource, options)) {
    // A watch that ends is daily business; a list that fails means that the cache grows old.
    if (event.type === 'failed') {
      const level = event.during === 'list' ? 'warn' : 'debug';
      log[level]({ kind: resource.kind, during: event.during, retryInMs: Math.round(event.retryInMs), err: event.error }, 'following objects failed, trying again');
    }
    body.handle(event);
  }
  body.stop();
}
