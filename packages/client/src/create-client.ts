import { isNotFound, keyOf } from '@plinth/apimachinery';
import type { ApiResource, KubeObject, ObjectKey, ObjectList, WatchEvent } from '@plinth/apimachinery';

import type {
  Client,
  ClientRequest,
  ClientResponse,
  DeleteOptions,
  ListOptions,
  PatchKind,
  PatchOptions,
  Transport,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { createDiscovery } from './discovery.ts';
import { failureOf } from './errors.ts';
import { collectionPath, objectPath } from './paths.ts';

const patchTypes: Readonly<Record<PatchKind, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** Speaks the Kubernetes API over a transport. Does no I/O until it is used and holds nothing that must be closed. */
export function createClient(transport: Transport): Client {
  const call = async <T>(request: ClientRequest): Promise<T> => {
    const response = await transport.request(request);
    if (response.status >= 300) throw failureOf(response.status, response.body);
    return response.body as T;
  };
  const discovery = createDiscovery((path) => call({ method: 'GET', path }));
  const put = <T extends KubeObject>(resource: ApiResource, object: T, options: WriteOptions = {}): Promise<T> =>
    call<T>({
      method: 'PUT',
      path: objectPath(resource, keyOf(object), options.subresource),
      query: writeQuery(options),
      body: object,
    });

  const client: Client = {
    get: async (resource, key) => call({ method: 'GET', path: objectPath(resource, key) }),
    find: async <T extends KubeObject>(resource: ApiResource, key: ObjectKey) => {
      try {
        return await client.get<T>(resource, key);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: async <T extends KubeObject>(resource: ApiResource, options: ListOptions = {}) => {
      const path = collectionPath(resource, options.namespace);
      return typed(resource, await call<ObjectList<T>>({ method: 'GET', path, query: listQuery(options) }));
    },
    create: async <T extends KubeObject>(resource: ApiResource, object: T, options: WriteOptions = {}) => {
      const path = options.subresource
        ? objectPath(resource, keyOf(object), options.subresource)
        : collectionPath(resource, namespaceFor(resource, object));
      return call<T>({ method: 'POST', path, query: writeQuery(options), body: object });
    },
    update: async (resource, object, options) => put(resource, object, options),
    updateStatus: async (resource, object, options) => put(resource, object, { ...options, subresource: 'status' }),
    patch: async <T extends KubeObject>(
      resource: ApiResource,
      key: ObjectKey,
      kind: PatchKind,
      patch: unknown,
      options: PatchOptions = {},
    ) =>
      call<T>({
        method: 'PATCH',
        path: objectPath(resource, key, options.subresource),
        query: { ...writeQuery(options), ...(options.force ? { force: 'true' } : {}) },
        headers: { 'content-type': patchTypes[kind] },
        body: patch,
      }),
    delete: async (resource, key, options = {}) => {
      await call({ method: 'DELETE', path: objectPath(resource, key), ...deleteBody(options) });
    },
    deleteCollection: async (resource, options) => {
      const path = collectionPath(resource, options.namespace);
      await call({ method: 'DELETE', path, query: listQuery(options), ...deleteBody(options) });
    },
    watch: <T extends KubeObject>(resource: ApiResource, options: WatchOptions) =>
      watch<T>(transport, resource, options),
    resolve: (gvk) => discovery.resolve(gvk),
    request: (request: ClientRequest): Promise<ClientResponse> => transport.request(request),
  };
  return client;
}

async function* watch<T extends KubeObject>(
  transport: Transport,
  resource: ApiResource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { signal } = options;
  if (signal.aborted) return;
  try {
    const stream = await transport.stream({
      method: 'GET',
      path: collectionPath(resource, options.namespace),
      query: {
        ...listQuery(options),
        watch: 'true',
        allowWatchBookmarks: 'true',
        ...(options.timeoutSeconds === undefined ? {} : { timeoutSeconds: String(options.timeoutSeconds) }),
      },
      signal,
    });
    if (stream.status !== 200) throw failureOf(stream.status, stream.failure);
    for await (const event of stream.events) {
      if (signal.aborted) return;
      yield event as WatchEvent<T>;
    }
  } catch (error) {
    // Whatever breaks because the caller asked for the end is the end.
    if (!signal.aborted) throw error;
  }
}

/** Namespaced objects without a namespace would be sent to the cluster-wide collection, which takes no POST. */
function namespaceFor(resource: ApiResource, object: KubeObject): string | undefined {
  if (!resource.namespaced) return undefined;
  if (object.metadata.namespace) return object.metadata.namespace;
  // Kinds that are asked and not kept (LocalSubjectAccessReview apart) are never namespaced, so this is a mistake.
  throw new TypeError(`no namespace given for ${resource.plural} "${object.metadata.name}"`);
}

/** Items of a typed list carry no kind and apiVersion on the wire; give them theirs, so that an object says what it is. */
function typed<T extends KubeObject>(resource: ApiResource, list: ObjectList<T>): ObjectList<T> {
  const first = list.items?.[0];
  if (first === undefined) return list.items ? list : { ...list, items: [] };
  if (first.kind && first.apiVersion) return list;
  const { apiVersion, kind } = list;
  const itemKind = kind?.endsWith('List') ? kind.slice(0, -'List'.length) : resource.kind;
  return { ...list, items: list.items.map((item) => ({ ...item, apiVersion, kind: itemKind })) };
}

function listQuery(options: ListOptions): Record<string, string> {
  const query: Record<string, string> = {};
  if (options.labelSelector) query['labelSelector'] = options.labelSelector;
  if (options.fieldSelector) query['fieldSelector'] = options.fieldSelector;
  if (options.limit !== undefined) query['limit'] = String(options.limit);
  if (options.continue) query['continue'] = options.continue;
  if (options.resourceVersion !== undefined) query['resourceVersion'] = options.resourceVersion;
  if (options.resourceVersionMatch) query['resourceVersionMatch'] = options.resourceVersionMatch;
  return query;
}

function writeQuery(options: WriteOptions): Record<string, string> {
  const query: Record<string, string> = {};
  if (options.fieldManager) query['fieldManager'] = options.fieldManager;
  if (options.dryRun) query['dryRun'] = 'All';
  if (options.fieldValidation) query['fieldValidation'] = options.fieldValidation;
  return query;
}

function deleteBody(options: DeleteOptions): { readonly body?: unknown } {
  const { propagationPolicy, gracePeriodSeconds, preconditions } = options;
  if (propagationPolicy === undefined && gracePeriodSeconds === undefined && preconditions === undefined) return {};
  return {
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(preconditions === undefined ? {} : { preconditions }),
    },
  };
}
