import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '@plinth/apimachinery';
import { forbiddenResource } from '../check-access.ts';
import type { Core } from '../core.ts';
import type { UserInfo } from '../request.ts';

/** `kubectl --as`: the user to act as, when the real one may. Errors: Forbidden, BadRequest. */
export async function impersonated(core: Core, user: UserInfo, headers: IncomingHttpHeaders): Promise<UserInfo> {
  const name = one(headers['impersonate-user']);
  const groups = many(headers['impersonate-group']);
  const uid = one(headers['impersonate-uid']);
  if (name === undefined) {
    if (groups.length > 0 || uid !== undefined) throw badRequest('impersonation of a group or uid needs Impersonate-User');
    return user;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  await check(core, user, account ? 'serviceaccounts' : 'users', account ? account[2]! : name, account?.[1]);
  for (const group of groups) await check(core, user, 'groups', group);
  const own = account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
  const all = [...groups, ...own];
  if (name !== 'system:anonymous' && !all.includes('system:authenticated')) all.push('system:authenticated');
  return { name, groups: all, ...(uid === undefined ? {} : { uid }) };
}

async function check(core: Core, user: UserInfo, plural: string, name: string, namespace?: string): Promise<void> {
  const resource = { group: '', version: 'v1', plural, name, ...(namespace === undefined ? {} : { namespace }) };
  const { allowed, reason } = await core.authorizer({ user, verb: 'impersonate', resource, path: '' });
  if (!allowed) throw forbiddenResource({ user: user.name, verb: 'impersonate', ...resource }, reason);
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value) || undefined;
const many = (value: string | string[] | undefined): readonly string[] => {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim()).filter(Boolean);
};
