import { isGone, keyString } from '@plinth/apimachinery';
import type { ApiResource, KubeObject, ObjectKey, UnstructuredObject } from '@plinth/apimachinery';

import type { Client } from './client.ts';
import { failureOf, isRetryable } from './errors.ts';
import { sleep } from './sleep.ts';

export interface UntilOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** What is waited for, as it should stand in the error: `to be ready`. Default: `to be as expected`. */
  readonly what?: string;
}

/** The time was over before the object was as expected. `last` is the object as it was then. */
export class WaitTimeoutError extends Error {
  readonly last: KubeObject | undefined;
  constructor(message: string, last: KubeObject | undefined) {
    super(message);
    this.name = 'WaitTimeoutError';
    this.last = last;
  }
}

/**
 * Waits on a watch, without polling, until `predicate` holds for the object (`undefined`: it does not exist), and
 * returns the object. Survives watches that end and servers that are restarted.
 *
 * Errors: {@link WaitTimeoutError}; the signal's reason when it aborts; what the API answers when that cannot heal
 * (forbidden, no such kind).
 */
export async function until<T extends KubeObject = UnstructuredObject>(
  client: Client,
  resource: ApiResource,
  key: ObjectKey,
  predicate: (object: T | undefined) => boolean,
  options: UntilOptions,
): Promise<T | undefined> {
  const { timeoutMs, what = 'to be as expected' } = options;
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), timeoutMs);
  const onAbort = (): void => ended.abort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) ended.abort();
  let last: T | undefined;
  try {
    while (!ended.signal.aborted) {
      try {
        const list = await client.list<T>(resource, selecting(key));
        last = list.items[0];
        if (predicate(last)) return last;
        const events = client.watch<T>(resource, {
          ...selecting(key),
          resourceVersion: list.metadata.resourceVersion,
          signal: ended.signal,
        });
        for await (const event of events) {
          if (event.type === 'ERROR') throw failureOf(event.object.code, event.object);
          if (event.type === 'BOOKMARK') continue;
          last = event.type === 'DELETED' ? undefined : event.object;
          if (predicate(last)) return last;
        }
        // The server ended the watch. Once in a while that is normal; at once and again and again must not spin.
        await sleep(20, ended.signal);
      } catch (error) {
        if (ended.signal.aborted) break;
        if (!isGone(error) && !isRetryable(error)) throw error;
        await sleep(100, ended.signal);
      }
    }
    options.signal?.throwIfAborted();
    const seen = last === undefined ? 'it does not exist' : `last seen: ${describe(last)}`;
    throw new WaitTimeoutError(
      `waited ${timeoutMs} ms for ${resource.plural} "${keyString(key)}" ${what}: ${seen}`,
      last,
    );
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    ended.abort();
  }
}

function selecting(key: ObjectKey): { readonly namespace?: string; readonly fieldSelector: string } {
  return {
    ...(key.namespace ? { namespace: key.namespace } : {}),
    fieldSelector: `metadata.name=${key.name}`,
  };
}

/** The status says more about a wait than anything else; some of it is enough for a message. */
function describe(object: KubeObject): string {
  const { status } = object as UnstructuredObject;
  const text = JSON.stringify(status ?? {});
  const version = `resourceVersion ${object.metadata.resourceVersion ?? '?'}`;
  return `${version}, status ${text.length > 600 ? `${text.slice(0, 600)}...` : text}`;
}
