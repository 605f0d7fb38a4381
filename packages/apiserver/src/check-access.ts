import { forbidden, type ApiError } from '@plinth/apimachinery';
import type { Core, RequestContext } from './core.ts';
import type { Served } from './registry/served.ts';

export interface AccessTarget {
  readonly served: Served;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** For what a request does besides its own verb. Errors: Forbidden. */
export async function checkAccess(core: Core, { served, namespace, name }: AccessTarget, verb: string, { user }: Pick<RequestContext, 'user'>): Promise<void> {
  const { group, version, plural } = served.kind;
  const resource = { group, version, plural, name, ...(namespace === undefined ? {} : { namespace }) };
  const { allowed, reason } = await core.authorizer({ user, verb, resource, path: '' });
  if (!allowed) throw forbiddenResource({ user: user.name, verb, ...resource }, reason);
}

/** In the words that kubectl's users know. */
export function forbiddenResource(
  { user, verb, group, plural, subresource, namespace, name }: { readonly user: string; readonly verb: string; readonly group: string; readonly plural: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string },
  reason: string | undefined,
): ApiError {
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const where = namespace === undefined ? ' at the cluster scope' : ` in the namespace ${JSON.stringify(namespace)}`;
  const why = `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)}${where}`;
  return forbidden({ group, plural }, name ?? '', reason ? `${why}: ${reason}` : why);
}
