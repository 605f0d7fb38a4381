import { alreadyExists, badRequest, conflict, gone, isApiError, methodNotAllowed, notFound } from '@plinth/apimachinery';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { createClient, type Client, type ClientRequest, type Transport } from '@plinth/client';

/**
 * An API server as small as it gets, for tests of what happens when an API misbehaves: it drops watches, forgets
 * history and answers with any failure, on demand. Where nothing is to go wrong, use the real one (`startControlPlane`).
 *
 * It knows every kind and checks nothing. Patches are merge patches whatever they say, selectors may only name
 * `metadata.name` and equal labels.
 */
export interface FakeApi {
  readonly transport: Transport;
  readonly client: Client;
  /** Every request so far, watches included. */
  readonly requests: readonly ClientRequest[];
  /** Ends all watches, as a restarted server would: cleanly, or with an error. */
  dropWatches(error?: Error): void;
  /** Watches and continued lists that start before now get 410 Gone. */
  forgetHistory(): void;
  /** Sends every watcher a bookmark. */
  bookmark(): void;
  /** The next request for which `when` holds fails with `error` and does nothing. */
  failNext(when: (request: ClientRequest) => boolean, error: Error): void;
  readonly watchers: number;
}

interface Target {
  /** `apps/v1/deployments` */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

interface Watcher {
  readonly matches: (target: Target, object: KubeObject) => boolean;
  readonly queue: unknown[];
  wake: () => void;
  ended: boolean;
  error: Error | undefined;
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly target: Target;
  readonly object: UnstructuredObject;
  readonly revision: number;
}

export function fakeApi(): FakeApi {
  const objects = new Map<string, { readonly target: Target; readonly object: UnstructuredObject }>();
  const history: Change[] = [];
  const watchers = new Set<Watcher>();
  const requests: ClientRequest[] = [];
  const failures: { readonly when: (request: ClientRequest) => boolean; readonly error: Error }[] = [];
  let revision = 1;
  let oldest = 0;

  const failIfTold = (request: ClientRequest): void => {
    requests.push(request);
    const index = failures.findIndex(({ when }) => when(request));
    if (index >= 0) throw failures.splice(index, 1)[0]!.error;
  };
  const send = (watcher: Watcher, event: unknown): void => {
    watcher.queue.push(event);
    watcher.wake();
  };
  const record = (type: Change['type'], target: Target, object: UnstructuredObject): void => {
    history.push({ type, target, object, revision });
    for (const watcher of watchers) if (watcher.matches(target, object)) send(watcher, { type, object });
  };
  const store = (type: 'ADDED' | 'MODIFIED', target: Target, object: UnstructuredObject): UnstructuredObject => {
    revision += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    if (type === 'MODIFIED' && stored.metadata.deletionTimestamp && !stored.metadata.finalizers?.length) return remove(target, stored);
    objects.set(keyOf(target), { target, object: stored });
    record(type, target, stored);
    return stored;
  };
  const remove = (target: Target, object: UnstructuredObject): UnstructuredObject => {
    objects.delete(keyOf(target));
    revision += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    record('DELETED', target, last);
    return last;
  };
  const selected = (target: Target, query: ClientRequest['query'] = {}) => {
    const [, name] = /^metadata\.name=(.*)$/.exec(query['fieldSelector'] ?? '') ?? [];
    const labels = (query['labelSelector'] ?? '').split(',').filter(Boolean).map((term) => term.split(/==?/));
    return (at: Target, object: KubeObject): boolean =>
      at.resource === target.resource &&
      (target.namespace === undefined || at.namespace === target.namespace) &&
      (name === undefined || object.metadata.name === name) &&
      labels.every(([key, value]) => object.metadata.labels?.[key!] === value);
  };

  const handle = (request: ClientRequest): { readonly status: number; readonly body: unknown } => {
    const target = parse(request.path);
    const current = target.name === undefined ? undefined : objects.get(keyOf(target))?.object;
    const resource = { group: target.resource.split('/').length > 2 ? target.resource.split('/')[0]! : '', plural: target.resource.split('/').at(-1)! };
    if (request.method === 'POST') {
      const object = request.body as UnstructuredObject;
      const name = object.metadata.name || `${object.metadata.generateName ?? ''}${revision}`;
      const at = { ...target, name };
      if (objects.has(keyOf(at))) throw alreadyExists(resource, name);
      const metadata = { ...object.metadata, name, uid: `uid-${revision + 1}`, generation: 1, creationTimestamp: new Date().toISOString(), ...(target.namespace ? { namespace: target.namespace } : {}) };
      return { status: 201, body: store('ADDED', at, { ...object, metadata }) };
    }
    if (target.name === undefined) {
      if (request.method !== 'GET') throw methodNotAllowed('only GET and POST on collections');
      const matches = selected(target, request.query);
      const all = [...objects].filter(([, entry]) => matches(entry.target, entry.object)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry.object);
      const [at, skip] = (request.query?.['continue'] ?? `${revision}:0`).split(':').map(Number) as [number, number];
      if (at < oldest) throw gone('the continue token is too old');
      const limit = Number(request.query?.['limit'] ?? all.length);
      const more = skip + limit < all.length ? { continue: `${at}:${skip + limit}` } : {};
      return { status: 200, body: { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: String(at), ...more }, items: all.slice(skip, skip + limit) } };
    }
    if (current === undefined) throw notFound(resource, target.name);
    if (request.method === 'GET') return { status: 200, body: current };
    if (request.method === 'DELETE') {
      if (!current.metadata.finalizers?.length) return { status: 200, body: remove(target, current) };
      return { status: 200, body: store('MODIFIED', target, { ...current, metadata: { ...current.metadata, deletionTimestamp: new Date().toISOString() } }) };
    }
    const patched = (request.method === 'PATCH' ? merge(current, request.body) : request.body) as UnstructuredObject;
    const version = patched.metadata.resourceVersion;
    if (version !== undefined && version !== current.metadata.resourceVersion) throw conflict(resource, target.name, 'the object has been modified; please apply your changes to the latest version and try again');
    const next = target.subresource === 'status' ? { ...current, status: patched['status'] } : { ...patched, ...(current['status'] === undefined ? {} : { status: current['status'] }) };
    const metadata = { ...next.metadata, uid: current.metadata.uid!, resourceVersion: current.metadata.resourceVersion! };
    const written = { ...next, metadata };
    if (JSON.stringify(written) === JSON.stringify(current)) return { status: 200, body: current };
    return { status: 200, body: store('MODIFIED', target, written) };
  };

  const transport: Transport = {
    request: async (request) => {
      try {
        failIfTold(request);
        return handle(request);
      } catch (error) {
        if (isApiError(error)) return { status: error.status.code, body: error.status };
        throw error;
      }
    },
    stream: async (request) => {
      try {
        failIfTold(request);
        const after = Number(request.query?.['resourceVersion'] ?? revision);
        if (after < oldest) throw gone(`too old resource version: ${after} (${oldest})`);
        const watcher: Watcher = { matches: selected(parse(request.path), request.query), queue: [], wake: () => {}, ended: false, error: undefined };
        for (const change of history) if (change.revision > after && watcher.matches(change.target, change.object)) watcher.queue.push({ type: change.type, object: change.object });
        watchers.add(watcher);
        return { status: 200, events: follow(watcher, request.signal, () => watchers.delete(watcher)) };
      } catch (error) {
        if (isApiError(error)) return { status: error.status.code, failure: error.status, events: follow(undefined, request.signal, () => {}) };
        throw error;
      }
    },
  };

  return {
    transport,
    client: createClient(transport),
    requests,
    dropWatches: (error) => {
      for (const watcher of watchers) {
        watcher.ended = true;
        watcher.error = error;
        watcher.wake();
      }
      watchers.clear();
    },
    forgetHistory: () => {
      oldest = revision;
      history.length = 0;
    },
    bookmark: () => {
      for (const watcher of watchers) send(watcher, { type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Bookmark', metadata: { name: '', resourceVersion: String(revision) } } });
    },
    failNext: (when, error) => void failures.push({ when, error }),
    get watchers() {
      return watchers.size;
    },
  };
}

async function* follow(watcher: Watcher | undefined, signal: AbortSignal, end: () => void): AsyncGenerator<unknown> {
  if (!watcher) return;
  const onAbort = (): void => watcher.wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (watcher.queue.length > 0) yield watcher.queue.shift();
      else if (watcher.error) throw watcher.error;
      else if (watcher.ended) return;
      else await new Promise<void>((resolve) => (watcher.wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    end();
  }
}

const keyOf = (target: Target): string => `${target.resource}/${target.namespace ?? ''}/${target.name ?? ''}`;

function parse(path: string): Target {
  const match = /^\/(?:api|apis)\/(v\w+|[^/]+\/v\w+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+)(?:\/(\w+))?)?$/.exec(path);
  if (!match) throw badRequest(`the fake API does not know ${path}`);
  const [, version, namespace, plural, name, subresource] = match;
  if (plural === 'status' && !name) return { resource: `${version}/namespaces`, namespace: undefined, name: namespace, subresource: 'status' };
  return { resource: `${version}/${plural}`, namespace, name, subresource };
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
