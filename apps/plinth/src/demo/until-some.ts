import { setTimeout as delay } from 'node:timers/promises';
import { isNotFound, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import { isRetryable, type Client } from '@plinth/client';

/**
 * Waits on a watch until one of the selected objects satisfies the predicate, and returns it. A kind that is not served
 * yet (its CRD is on the way) and a server that is being restarted are waited for as well. Rejects when the signal aborts.
 */
export async function untilSome<T extends KubeObject>(
  client: Client,
  resource: ApiResource,
  selection: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  predicate: (object: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  while (!signal.aborted) {
    try {
      const found = await lookOnce(client, resource, selection, predicate, signal);
      if (found) return found;
    } catch (error) {
      if (!isNotFound(error) && !isRetryable(error)) throw error;
      // Nothing tells when a kind appears.
      await delay(50, undefined, { signal }).catch(() => {});
    }
  }
  throw signal.reason;
}

/** One list and one watch; undefined when the watch ended first. */
async function lookOnce<T extends KubeObject>(client: Client, resource: ApiResource, selection: object, predicate: (object: T) => boolean, signal: AbortSignal): Promise<T | undefined> {
  const list = await client.list<T>(resource, selection);
  const there = list.items.find(predicate);
  if (there) return there;
  const events = client.watch<T>(resource, { ...selection, resourceVersion: list.metadata.resourceVersion, signal });
  for await (const event of events) {
    if ((event.type === 'ADDED' || event.type === 'MODIFIED') && predicate(event.object)) return event.object;
    if (event.type === 'ERROR') return undefined;
  }
  return undefined;
}
