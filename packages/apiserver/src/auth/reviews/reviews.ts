import { badRequest, isJsonObject, type UnstructuredObject } from '@plinth/apimachinery';

import type { AccessAttributes, Authorizer, UserInfo } from '../../request.ts';
import type { AuthQueries } from '../open-auth.ts';
import type { Rule } from '../rbac/rules.ts';

/** Who asks, and what the answers come from. */
export interface ReviewContext {
  readonly user: UserInfo;
  readonly authorizer: Authorizer;
  readonly queries: AuthQueries | undefined;
  /** Of the request's path, for kinds that are asked in a namespace. */
  readonly namespace: string | undefined;
}

/** Answers a question that was sent as an object: returns it with its `status`. Errors: BadRequest. */
export type Review = (body: UnstructuredObject, context: ReviewContext) => Promise<UnstructuredObject>;

/**
 * The kinds that are questions, by `GROUP/PLURAL`. Nothing of them is stored.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export const reviews: Readonly<Record<string, Review>> = {
  'authorization.k8s.io/subjectaccessreviews': async (body, context) => {
    const spec = members(body['spec']);
    const user = { name: text(spec['user']), groups: texts(spec['groups']) };
    if (user.name === '' && user.groups.length === 0) throw badRequest('spec: Invalid value: at least one of user or group must be specified');
    return { ...body, status: await decide(spec, user, context) };
  },
  'authorization.k8s.io/selfsubjectaccessreviews': async (body, context) => ({ ...body, status: await decide(members(body['spec']), context.user, context) }),
  'authorization.k8s.io/localsubjectaccessreviews': async (body, context) => {
    const spec = members(body['spec']);
    if (text(members(spec['resourceAttributes'])['namespace']) !== context.namespace) {
      throw badRequest('spec.resourceAttributes.namespace: Invalid value: must match metadata.namespace');
    }
    return { ...body, status: await decide(spec, { name: text(spec['user']), groups: texts(spec['groups']) }, context) };
  },
  'authorization.k8s.io/selfsubjectrulesreviews': async (body, { user, queries }) => {
    const namespace = text(members(body['spec'])['namespace']);
    if (namespace === '') throw badRequest('no namespace on request');
    if (!queries) return { ...body, status: { resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError: 'the authorizer cannot list rules' } };
    return { ...body, status: listRules(queries.rulesFor(user, namespace)) };
  },
  'authentication.k8s.io/selfsubjectreviews': async (body, { user }) => ({ ...body, status: { userInfo: userInfo(user) } }),
  'authentication.k8s.io/tokenreviews': async (body, { queries }) => {
    const spec = members(body['spec']);
    const token = text(spec['token']);
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const audiences = texts(spec['audiences']);
    const found = queries?.verifyToken(token, audiences.length > 0 ? audiences : undefined);
    const status = found
      ? { authenticated: true, user: userInfo(found.user), audiences: found.audiences }
      : { authenticated: false, error: 'the token is not one of this cluster, has expired, or belongs to something that is gone' };
    return { ...body, status };
  },
};

async function decide(spec: Members, user: UserInfo, { authorizer }: ReviewContext): Promise<{ readonly allowed: boolean; readonly reason?: string }> {
  const resource = spec['resourceAttributes'];
  const other = spec['nonResourceAttributes'];
  if ((resource === undefined) === (other === undefined)) {
    throw badRequest('spec: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified');
  }
  const attributes = resource === undefined ? pathAttributes(members(other), user) : resourceAttributes(members(resource), user);
  const { allowed, reason } = await authorizer(attributes);
  return { allowed, ...(reason ? { reason } : {}) };
}

function resourceAttributes(asked: Members, user: UserInfo): AccessAttributes {
  const [subresource, namespace, name] = [text(asked['subresource']), text(asked['namespace']), text(asked['name'])];
  return {
    user,
    verb: text(asked['verb']),
    path: '',
    resource: {
      group: text(asked['group']),
      version: text(asked['version']) || '*',
      plural: text(asked['resource']),
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    },
  };
}

const pathAttributes = (asked: Members, user: UserInfo): AccessAttributes => ({ user, verb: text(asked['verb']), path: text(asked['path']) });

function listRules(rules: readonly Rule[]) {
  const resourceRules = rules
    .filter((rule) => rule.resources.length > 0)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames.length > 0 ? { resourceNames } : {}) }));
  const nonResourceRules = rules.filter((rule) => rule.nonResourceURLs.length > 0).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
  return { resourceRules, nonResourceRules, incomplete: false };
}

function userInfo({ name, uid, groups, extra }: UserInfo) {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

type Members = Readonly<Record<string, unknown>>;
const members = (value: unknown): Members => (isJsonObject(value) ? value : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []);
