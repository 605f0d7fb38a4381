import { type ApiResource, type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** Tells which changes of a kind are one's own status writes. */
export interface OwnWrites {
  /** Remembers what is written through it. */
  readonly client: Client;
  readonly isOwn: (object: KubeObject) => boolean;
  readonly forget: (object: KubeObject) => void;
}

/**
 * A status that a reconcile wrote is what that reconcile wants it to be: the event that tells of it needs no further look.
 * Only the newest write of each object is remembered, by its version; whatever others write has another one.
 */
export function rememberOwnWrites(client: Client, resource: ApiResource): OwnWrites {
  const versions = new Map<string, string>();
  return {
    client: {
      ...client,
      patch: async <T extends KubeObject>(...[kind, key, type, patch, options]: Parameters<Client['patch']>) => {
        const object = await client.patch<T>(kind, key, type, patch, options);
        if (options?.subresource === 'status' && kind.plural === resource.plural && kind.group === resource.group) versions.set(keyString(key), object.metadata.resourceVersion ?? '');
        return object;
      },
    },
    isOwn: (object) => object.metadata.resourceVersion !== undefined && versions.get(keyString(keyOf(object))) === object.metadata.resourceVersion,
    forget: (object) => void versions.delete(keyString(keyOf(object))),
  };
}
