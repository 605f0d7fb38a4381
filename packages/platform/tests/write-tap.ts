import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** A client whose writes are listed, and which can die after any of them, as a process does. */
export interface WriteTap {
  readonly client: Client;
  /** What was written, in order: `patch buckets/status one`. Reads and watches are not listed. */
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
  const never = (): Promise<never> => new Promise(() => {});

  const write = async <T>(verb: string, resource: ApiResource, name: string | undefined, subresource: string | undefined, act: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Error('the process is dead');
    const text = `${verb} ${resource.plural}${subresource ? `/${subresource}` : ''} ${name ?? ''}`.trim();
    writes.push(text);
    if (counts(text)) counted += 1;
    const isLast = counted >= killAfter;
    // Whoever comes after the last write finds nobody, and so does whoever asked for it: it gets no answer.
    if (isLast) isDead = true;
    const result = await act().catch((error: unknown) => {
      if (isLast) died.resolve();
      throw error;
    });
    if (isLast) {
      died.resolve();
      return never();
    }
    return result;
  };
  const nameOf = (object: KubeObject): string => object.metadata.name;
  return {
    writes,
    died: died.promise,
    client: {
      ...client,
      create: (resource, object, rest) => write('create', resource, nameOf(object), rest?.subresource, () => client.create(resource, object, rest)),
      update: (resource, object, rest) => write('update', resource, nameOf(object), rest?.subresource, () => client.update(resource, object, rest)),
      updateStatus: (resource, object, rest) => write('update', resource, nameOf(object), 'status', () => client.updateStatus(resource, object, rest)),
      patch: <T extends KubeObject>(...[resource, key, kind, patch, rest]: Parameters<Client['patch']>) => write('patch', resource, key.name, rest?.subresource, () => client.patch<T>(resource, key, kind, patch, rest)),
      delete: (resource, key, rest) => write('delete', resource, key.name, undefined, () => client.delete(resource, key, rest)),
      deleteCollection: (resource, rest) => write('deleteCollection', resource, undefined, undefined, () => client.deleteCollection(resource, rest)),
    },
  };
}
