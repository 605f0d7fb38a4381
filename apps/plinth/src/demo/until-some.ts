import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/**
 * Waits on a watch until one of the selected objects satisfies the predicate, and returns it. Rejects when the signal
 * aborts.
 */
export async function untilSome<T extends KubeObject>(
  client: Client,
  resource: ApiResource,
  selection: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  predicate: (object: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  while (!signal.aborted) {
    const list = await client.list<T>(resource, selection);
    const there = list.items.find(predicate);
    if (there) return there;
    const events = client.watch<T>(resource, { ...selection, resourceVersion: list.metadata.resourceVersion, signal });
    for await (const event of events) {
      if ((event.type === 'ADDED' || event.type === 'MODIFIED') && predicate(event.object)) return event.object;
      if (event.type === 'ERROR') break;
    }
  }
  throw signal.reason;
}
