import { type ApiResource, type KubeObject, keyOf, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { StateStoreWriter } from '@plinth/state-store';

/** A client whose writes are listed, and which can die after any of them, as a process does. */
export interface WriteTap {
  readonly client: Client;
  /** The same for writes to a state store. */
  readonly store: (store: StateStoreWriter) => StateStoreWriter;
  /** What was written, in order: `patch buckets/status default/one`, `store one-x.worker-5058f`. Reads and watches are not listed. */
  readonly writes: readonly string[];
  /** Settles when the client is dead: nothing that is asked of it from then on reaches the API server. */
  readonly died: Promise<void>;
}

/** `killAfter`: the number of writes, after the last of which the client is dead. Only those that `counts` says count. */
export function tapWrites(client: Client, options: { readonly killAfter?: number; readonly counts?: (write: string) => boolean } = {}): WriteTap {
  const { killAfter = Number.POSITIVE_INFINITY, counts = () => true } = options;
  const writes: string[] = [];
  const died = Promise.withResolvers<void>();
  let counted = 0;
  let isDead = false;

  const count = async <T>(text: string, act: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Error('the process is dead');
    writes.push(text);
    if (counts(text)) counted += 1;
    const isLast = counted >= killAfter;
    // Whoever comes after the last write finds nobody, and whoever asked for it gets no answer.
    if (isLast) isDead = true;
    try {
      const result = await act();
      if (!isLast) return result;
    } finally {
      if (isLast) died.resolve();
    }
    throw new Error('the process died before it had the answer');
  };
  const write = <T>(verb: string, resource: ApiResource, key: Partial<ObjectKey>, subresource: string | undefined, act: () => Promise<T>): Promise<T> =>
    count(`${verb} ${resource.plural}${subresource ? `/${subresource}` : ''} ${[key.namespace, key.name].filter(Boolean).join('/')}`, act);
  return {
    writes,
    died: died.promise,
    store: (store) => ({
      ...store,
      write: (change, rest) => count(`store ${change.name}`, () => store.write(change, rest)),
      writeAll: (changes, rest) => count(`store ${changes.map(({ name }) => name).join(' ')}`, () => store.writeAll(changes, rest)),
    }),
    client: {
      ...client,
      create: (resource, object, rest) => write('create', resource, keyOf(object), rest?.subresource, () => client.create(resource, object, rest)),
      update: (resource, object, rest) => write('update', resource, keyOf(object), rest?.subresource, () => client.update(resource, object, rest)),
      updateStatus: (resource, object, rest) => write('update', resource, keyOf(object), 'status', () => client.updateStatus(resource, object, rest)),
      patch: <T extends KubeObject>(...[resource, key, kind, patch, rest]: Parameters<Client['patch']>) => write('patch', resource, key, rest?.subresource, () => client.patch<T>(resource, key, kind, patch, rest)),
      delete: (resource, key, rest) => write('delete', resource, key, undefined, () => client.delete(resource, key, rest)),
      deleteCollection: (resource, rest) => write('deleteCollection', resource, rest, undefined, () => client.deleteCollection(resource, rest)),
    },
  };
}
