import { methodNotAllowed, notFound, type ApiError } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { present } from '../print/present.ts';
import type { Reply } from '../reply.ts';
import type { ApiRequest } from '../request.ts';
import { converting } from '../verbs/convert.ts';
import { get } from '../verbs/get.ts';
import { patch } from '../verbs/patch.ts';
import { update, type UpdateTarget } from '../verbs/update.ts';
import { evict } from './eviction.ts';
import { podLog } from './log.ts';
import { readScale, writeScale } from './scale.ts';
import { createToken } from './token.ts';

export type SubresourceTarget = UpdateTarget & { readonly subresource: string };

type Handler = (core: Core, request: ApiRequest, target: SubresourceTarget, context: RequestContext) => Promise<Reply>;

/** Requests below an object. Errors: NotFound for a subresource that the kind does not have, MethodNotAllowed. */
export async function subresourceReply(core: Core, request: ApiRequest, target: SubresourceTarget, verb: string, context: RequestContext): Promise<Reply> {
  const handlers = handlersOf(target);
  if (!handlers) throw notFound(target.served.kind, `${target.name}/${target.subresource}`);
  const handler = handlers[verb];
  if (!handler) throw notAllowed();
  return handler(core, request, target, context);
}

function handlersOf({ served, subresource }: SubresourceTarget): Readonly<Record<string, Handler>> | undefined {
  const { kind } = served;
  if (subresource === 'status') return kind.subresources.status ? status : undefined;
  if (subresource === 'scale') return kind.subresources.scale ? scale : undefined;
  return kind.group === '' ? coreHandlers[`${kind.plural}/${subresource}`] : undefined;
}

const status: Readonly<Record<string, Handler>> = {
  get: async (core, request, { served, namespace, name }) => present(core, request, served, { object: await converting(() => get(core, served, namespace, name, request.query)) }),
  update: async (core, request, target, context) => present(core, request, target.served, { object: await update(core, target, await request.body(), context) }),
  patch: async (core, request, target, context) => {
    const { object } = await patch(core, target, request.contentType ?? '', await request.body(), context);
    return present(core, request, target.served, { object });
  },
};

const scale: Readonly<Record<string, Handler>> = {
  get: async (core, _request, target) => ({ type: 'value', status: 200, value: await converting(() => readScale(core, target)) }),
  update: async (core, request, target, context) => ({ type: 'value', status: 200, value: await writeScale(core, target, { type: 'update', body: await request.body() }, context) }),
  patch: async (core, request, target, context) => {
    const contentType = request.contentType ?? '';
    return { type: 'value', status: 200, value: await writeScale(core, target, { type: 'patch', contentType, body: await request.body() }, context) };
  },
};

const coreHandlers: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  'pods/log': { get: podLog },
  'pods/eviction': { create: async (core, request, target, context) => ({ type: 'value', status: 201, value: await evict(core, target, await request.body(), context) }) },
  'serviceaccounts/token': { create: async (core, request, target, context) => ({ type: 'value', status: 201, value: await createToken(core, target, await request.body(), context) }) },
  'namespaces/finalize': {
    update: async (core, request, target, context) => present(core, request, target.served, { object: await update(core, target, await request.body(), context) }),
  },
};

const notAllowed = (): ApiError => methodNotAllowed('the server does not allow this method on the requested resource');
