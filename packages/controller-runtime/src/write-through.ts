import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/**
 * A client that tells of every object that it wrote, as the server returned it. With `cache.observed` behind it, a
 * reconciler reads its own writes from the cache, instead of acting on what was there before them.
 */
export function writeThrough(client: Client, observed: (resource: ApiResource, object: KubeObject) => void): Client {
  const telling = async <T extends KubeObject>(resource: ApiResource, options: { readonly subresource?: string; readonly dryRun?: boolean } | undefined, write: Promise<T>): Promise<T> => {
    const object = await write;
    // Other subresources (`token`, `scale`) return something else than the object.
    const isObject = options?.subresource === undefined || options.subresource === 'status';
    if (isObject && !options?.dryRun && object.kind === resource.kind && object.metadata?.uid) observed(resource, object);
    return object;
  };
  return {
    ...client,
    create: (resource, object, options) => telling(resource, options, client.create(resource, object, options)),
    update: (resource, object, options) => telling(resource, options, client.update(resource, object, options)),
    updateStatus: (resource, object, options) => telling(resource, options, client.updateStatus(resource, object, options)),
    patch: <T extends KubeObject>(...[resource, key, kind, patch, options]: Parameters<Client['patch']>) =>
      telling(resource, options, client.patch<T>(resource, key, kind, patch, options)),
  };
}
