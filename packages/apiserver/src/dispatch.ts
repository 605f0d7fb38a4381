import { forbidden, isApiError, methodNotAllowed, notFound, type ApiError } from '@plinth/apimachinery';
import { forbiddenResource } from './check-access.ts';
import type { Core, RequestContext } from './core.ts';
import { discoveryReply } from './discovery/route.ts';
import { parsePath, type ParsedPath } from './path.ts';
import type { Served } from './registry/served.ts';
import type { Reply } from './reply.ts';
import type { ApiRequest } from './request.ts';
import { present } from './print/present.ts';
import { subresourceReply } from './subresources/route.ts';
import { converting } from './verbs/convert.ts';
import { create } from './verbs/create.ts';
import { deleteCollection } from './verbs/delete-collection.ts';
import { parseDeleteOptions, remove, type Deleted } from './verbs/delete.ts';
import { get } from './verbs/get.ts';
import { list } from './verbs/list.ts';
import { patch } from './verbs/patch.ts';
import { update } from './verbs/update.ts';
import { watch } from './verbs/watch.ts';

export interface Answered {
  readonly reply: Reply;
  readonly warnings: readonly string[];
}

/**
 * From a request to its answer: what is it about, may this user do it, do it, show it as asked. Throws what went wrong;
 * the caller turns it into a Status.
 */
export async function dispatch(core: Core, request: ApiRequest): Promise<Answered> {
  const path = parsePath(request.path);
  const context: RequestContext = {
    user: request.user,
    userAgent: request.userAgent ?? '',
    query: request.query,
    signal: request.signal,
    warnings: new Set(),
  };
  const started = performance.now();
  const count = (code: number, timed = true): void => {
    const { group, plural } = path.type === 'resource' ? path : { group: '', plural: '' };
    // What nobody serves is of one kind, or the caller would decide how much we count.
    const known = path.type === 'resource' && core.registry.find(group, path.version, plural) !== undefined;
    if (!methods.has(request.method)) return;
    const verb = path.type === 'resource' ? verbOf(request, path) : request.method.toLowerCase();
    core.metrics.count(verb, known ? group : '', known ? plural : '', code, timed ? (performance.now() - started) / 1_000 : undefined);
  };
  try {
    const reply = path.type === 'other' ? await other(core, request) : await resource(core, request, path, context);
    count('status' in reply ? reply.status : 200, reply.type !== 'watch' && reply.type !== 'chunks');
    return { reply, warnings: [...context.warnings] };
  } catch (error) {
    count(isApiError(error) ? error.status.code : 500);
    throw error;
  }
}

async function other(core: Core, request: ApiRequest): Promise<Reply> {
  const verb = request.method.toLowerCase();
  const decision = await core.authorizer({ user: request.user, verb, path: request.path });
  if (!decision.allowed) throw forbiddenPath(request, decision.reason);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('the server does not allow this method on the requested resource');
  const reply = await discoveryReply(core, request);
  if (!reply) throw unknownPath();
  return reply;
}

type ResourcePath = Extract<ParsedPath, { type: 'resource' }>;

async function resource(core: Core, request: ApiRequest, path: ResourcePath, context: RequestContext): Promise<Reply> {
  const verb = verbOf(request, path);
  const decision = await core.authorizer({
    user: request.user,
    verb,
    path: request.path,
    resource: {
      group: path.group,
      version: path.version,
      plural: path.plural,
      ...(path.subresource !== undefined ? { subresource: path.subresource } : {}),
      ...(path.namespace !== undefined ? { namespace: path.namespace } : {}),
      ...(path.name !== undefined ? { name: path.name } : {}),
    },
  });
  if (!decision.allowed) throw forbiddenResource({ user: request.user.name, verb, ...path }, decision.reason);
  const served = core.registry.find(path.group, path.version, path.plural);
  if (!served) throw unknownPath();
  // The object /api/v1/namespaces/NAME is itself of no namespace.
  const namespace = served.kind.namespaced ? path.namespace : undefined;
  if (!served.kind.namespaced && path.namespace !== undefined && path.plural !== 'namespaces') throw unknownPath();
  if (served.deprecationWarning) context.warnings.add(served.deprecationWarning);
  const target = { served, namespace, name: path.name ?? '' };
  if (path.subresource !== undefined) return subresourceReply(core, request, { ...target, subresource: path.subresource }, verb, context);
  if (served.kind.verbs && !served.kind.verbs.includes(verb)) throw notAllowed();
  if (path.name === undefined && (verb === 'update' || verb === 'patch')) throw notAllowed();
  if (served.strategy.review) {
    if (verb !== 'create') throw notAllowed();
    return { type: 'value', status: 201, value: await served.strategy.review(core, served, namespace, await request.body(), context) };
  }
  switch (verb) {
    case 'get':
      return present(core, request, served, { object: await reading(served, () => get(core, served, namespace, target.name, request.query)) });
    case 'list':
      return present(core, request, served, { list: await reading(served, () => list(core, served, namespace, context)) });
    case 'watch':
      return present(core, request, served, { feed: watch(core, served, namespace, context, path.name) });
    case 'create':
      if (path.name !== undefined) throw notAllowed();
      return present(core, request, served, { object: await create(core, served, namespace, await request.body(), context), status: 201 });
    case 'update':
      return present(core, request, served, { object: await update(core, target, await request.body(), context) });
    case 'patch': {
      const { object, created } = await patch(core, target, request.contentType ?? '', await request.body(), context);
      return present(core, request, served, { object, status: created ? 201 : 200 });
    }
    case 'delete': {
      const options = parseDeleteOptions(await request.body(), request.query);
      return deleted(served, await remove(core, target, options, context));
    }
    case 'deletecollection':
      return { type: 'value', status: 200, value: await deleteCollection(core, served, namespace, await request.body(), context) };
    default:
      throw notAllowed();
  }
}

/** Nobody waits where there is no webhook. */
const reading = <T>(served: Served, read: () => T): T | Promise<T> => (served.convert ? converting(read) : read());

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Kubernetes' verb for a method and path. */
function verbOf(request: ApiRequest, path: ResourcePath): string {
  const named = path.name !== undefined;
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const watching = request.query.get('watch');
      if ((watching === 'true' || watching === '1') && path.subresource === undefined) return 'watch';
      return named ? 'get' : 'list';
    }
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      throw methodNotAllowed('the server does not allow this method on the requested resource');
  }
}

function deleted(served: Served, { gone, object }: Deleted): Reply {
  if (!gone) return { type: 'value', status: 200, value: object };
  const { name, uid } = object.metadata;
  const { group, plural } = served.kind;
  return {
    type: 'value',
    status: 200,
    value: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, ...(group ? { group } : {}), kind: plural, ...(uid ? { uid } : {}) },
    },
  };
}

const notAllowed = (): ApiError => methodNotAllowed('the server does not allow this method on the requested resource');

/** For a path that nothing is behind; kubectl says "the server doesn't have a resource type". */
function unknownPath(): ApiError {
  const error = notFound({ group: '', plural: '' }, '');
  const status = { ...error.status, message: 'the server could not find the requested resource', details: {} };
  Object.assign(error, { status, message: status.message });
  return error;
}

function forbiddenPath(request: ApiRequest, reason: string | undefined): ApiError {
  const why = `User ${JSON.stringify(request.user.name)} cannot ${request.method.toLowerCase()} path ${JSON.stringify(request.path)}`;
  const error = forbidden({ group: '', plural: '' }, '', reason ? `${why}: ${reason}` : why);
  const status = { ...error.status, message: `forbidden: ${reason ? `${why}: ${reason}` : why}`, details: {} };
  Object.assign(error, { status, message: status.message });
  return error;
}

