import type { ApiResource } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** One request to an API server, as those who count or trace it see it. */
export interface RequestAttributes {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly resource: ApiResource;
  readonly subresource: string;
}

/** Must return what `send` returns, and throw what it throws. */
export type AroundRequest = <T>(request: RequestAttributes, send: () => Promise<T>) => Promise<T>;

/** A client that does what `client` does, with `around` about every request. Watches and raw requests pass by. */
export function aroundRequests(client: Client, around: AroundRequest): Client {
  const attributes = (verb: RequestAttributes['verb'], resource: ApiResource, subresource = ''): RequestAttributes => ({ verb, method: METHODS[verb], resource, subresource });
  return {
    ...client,
    get: (resource, key) => around(attributes('get', resource), () => client.get(resource, key)),
    find: (resource, key) => around(attributes('get', resource), () => client.find(resource, key)),
    list: (resource, options) => around(attributes('list', resource), () => client.list(resource, options)),
    create: (resource, object, options) => around(attributes('create', resource, options?.subresource), () => client.create(resource, object, options)),
    update: (resource, object, options) => around(attributes('update', resource, options?.subresource), () => client.update(resource, object, options)),
    updateStatus: (resource, object, options) => around(attributes('update', resource, 'status'), () => client.updateStatus(resource, object, options)),
    patch: (resource, key, kind, patch, options) => around(attributes('patch', resource, options?.subresource), () => client.patch(resource, key, kind, patch, options)),
    delete: (resource, key, options) => around(attributes('delete', resource), () => client.delete(resource, key, options)),
    deleteCollection: (resource, options) => around(attributes('deletecollection', resource), () => client.deleteCollection(resource, options)),
  };
}

const METHODS = { get: 'GET', list: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETE' } as const;
