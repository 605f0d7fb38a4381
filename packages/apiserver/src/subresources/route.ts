import { methodNotAllowed, notFound } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { present } from '../print/present.ts';
import type { Reply } from '../reply.ts';
import type { ApiRequest } from '../request.ts';
import { get } from '../verbs/get.ts';
import { patch } from '../verbs/patch.ts';
import { update, type UpdateTarget } from '../verbs/update.ts';

export type SubresourceTarget = UpdateTarget & { readonly subresource: string };

/** Requests below an object: `status`, `scale`, `log` ... */
export async function subresourceReply(core: Core, request: ApiRequest, target: SubresourceTarget, verb: string, context: RequestContext): Promise<Reply> {
  const { served, namespace, name, subresource } = target;
  if (subresource === 'status' && served.kind.subresources.status) {
    switch (verb) {
      case 'get':
        return present(core, request, served, { object: get(core, served, namespace, name, request.query) });
      case 'update':
        return present(core, request, served, { object: await update(core, target, await request.body(), context) });
      case 'patch': {
        const { object } = await patch(core, target, request.contentType ?? '', await request.body(), context);
        return present(core, request, served, { object });
      }
      default:
        throw methodNotAllowed('the server does not allow this method on the requested resource');
    }
  }
  throw notFound(served.kind, `${name}/${subresource}`);
}
