import { deepEqual, forbidden, isJsonObject, type UnstructuredObject } from '@plinth/apimachinery';

import type { AdmissionHook, AdmissionRequest } from '../../admission/hook.ts';
import type { Authorizer, UserInfo } from '../../request.ts';
import { compact, printRule, uncovered } from './covers.ts';
import type { Rbac } from './authorize.ts';
import type { RbacObjects, RoleRef } from './index-objects.ts';
import { parseRules, type Rule } from './rules.ts';

const group = 'rbac.authorization.k8s.io';

/**
 * Nobody gives away rights that he does not have: neither by writing a role, unless he may `escalate`, nor by binding
 * one, unless he may `bind` it.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 *
 * Errors: Forbidden, listing the rights that are missing.
 */
export function preventEscalation(rbac: Rbac, objects: RbacObjects, authorizer: Authorizer): AdmissionHook {
  return async (request) => {
    const { resource, object, oldObject, user, operation } = request;
    if (resource.group !== group || operation === 'DELETE' || object === undefined || request.subresource !== undefined) return;
    const isBinding = resource.plural === 'rolebindings' || resource.plural === 'clusterrolebindings';
    if (user.groups.includes('system:masters')) return;
    const namespace = resource.namespaced ? object.metadata.namespace : undefined;
    if (isBinding) {
      if (oldObject && deepEqual(oldObject['subjects'], object['subjects'])) return;
      const roleRef = parseRoleRef(object['roleRef']);
      const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (await may(authorizer, user, 'bind', plural, namespace, roleRef.name)) return;
      if (!objects.hasRole(roleRef, namespace)) {
        throw refuse(request, `${plural}.${group} ${JSON.stringify(roleRef.name)} not found`);
      }
      check(request, rbac.rulesFor(user, namespace), objects.rulesOf(roleRef, namespace));
      return;
    }
    if (oldObject && deepEqual(oldObject['rules'], object['rules']) && deepEqual(oldObject['aggregationRule'], object['aggregationRule'])) return;
    if (await may(authorizer, user, 'escalate', resource.plural, namespace, object.metadata.name)) return;
    const held = rbac.rulesFor(user, namespace);
    if (object['aggregationRule'] !== undefined && uncovered(held, fullAccess).length > 0) {
      throw refuse(request, 'must have cluster-admin privileges to use an aggregationRule');
    }
    check(request, held, parseRules(object['rules']));
  };
}

const fullAccess: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

function check(request: AdmissionRequest, held: readonly Rule[], wanted: readonly Rule[]): void {
  const missing = compact(uncovered(held, wanted));
  if (missing.length === 0) return;
  const { name, groups } = request.user;
  const who = `user ${JSON.stringify(name)} (groups=[${groups.map((each) => JSON.stringify(each)).join(' ')}])`;
  throw refuse(request, `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(printRule).join('\n')}`);
}

const refuse = ({ resource, object }: AdmissionRequest, why: string) => forbidden(resource, nameOf(object), why);
const nameOf = (object: UnstructuredObject | undefined): string => object?.metadata.name ?? '';

async function may(authorizer: Authorizer, user: UserInfo, verb: string, plural: string, namespace: string | undefined, name: string): Promise<boolean> {
  const resource = { group, version: 'v1', plural, name, ...(namespace === undefined ? {} : { namespace }) };
  return (await authorizer({ user, verb, resource, path: '' })).allowed;
}

function parseRoleRef(value: unknown): RoleRef {
  const { kind, name } = isJsonObject(value) ? value : {};
  return { kind: typeof kind === 'string' ? kind : '', name: typeof name === 'string' ? name : '' };
}
