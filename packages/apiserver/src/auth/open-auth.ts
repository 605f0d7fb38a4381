import { badRequest, forbidden, type UnstructuredObject } from '@plinth/apimachinery';
import type { ObjectStore } from '@plinth/object-store';

import type { AdmissionHook } from '../admission/hook.ts';
import type { TokenIssuer } from '../hooks.ts';
import type { ServiceAccountKey } from '../pki/index.ts';
import { prefixOf } from '../registry/served.ts';
import type { Authenticator, Authorizer, UserInfo } from '../request.ts';
import { decode } from '../storage/codec.ts';
import { createAuthenticator, type StaticToken } from './authenticate.ts';
import { createNodeAuthorizer, nodeNameOf } from './node/authorize-node.ts';
import { createRbac } from './rbac/authorize.ts';
import { indexRbacObjects } from './rbac/index-objects.ts';
import { preventEscalation } from './rbac/prevent-escalation.ts';
import type { Rule } from './rbac/rules.ts';
import { seedPolicy } from './rbac/seed-policy.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from './tokens/service-account-tokens.ts';

export interface AuthOptions {
  readonly store: ObjectStore;
  /** Signs service-account tokens: `serviceAccountKey` of the cluster's PKI. */
  readonly serviceAccountKey: ServiceAccountKey;
  /** Tokens that are good until the server ends. */
  readonly tokens?: readonly StaticToken[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Questions about rights and tokens, for the kinds that are such questions (`SelfSubjectRulesReview`, `TokenReview`). */
export interface AuthQueries {
  /** Everything that a user may do in a namespace, as far as roles say. */
  rulesFor(user: UserInfo, namespace: string): readonly Rule[];
  /** Who a bearer token belongs to; see {@link ServiceAccountTokens}. */
  verifyToken: ServiceAccountTokens['verify'];
}

/** Everything that `startApiServer` needs to know who may do what: `startApiServer({ store, ...auth, ... })`. */
export interface Auth extends Disposable {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionHook[];
  readonly issueToken: TokenIssuer;
  readonly authQueries: AuthQueries;
}

/**
 * Opens authentication and authorization of one cluster on its store: client certificates, static and service-account
 * tokens, RBAC with the roles that every cluster has, and the rights of nodes.
 *
 * Guarantees: a role, a binding, a ServiceAccount or a pod that changes counts from the next request on. Nothing here
 * reads the disk or waits per request.
 */
export async function openAuth(options: AuthOptions): Promise<Auth> {
  const { store, serviceAccountKey, tokens = [], now = Date.now } = options;
  await seedPolicy(store, now());
  const objects = indexRbacObjects(store);
  const rbac = createRbac(objects);
  const nodes = createNodeAuthorizer(store);
  const find = (plural: string, namespace: string | undefined, name: string): UnstructuredObject | undefined => {
    const entry = store.get(`${prefixOf({ group: '', plural })}${namespace === undefined ? '' : `${namespace}/`}${name}`);
    return entry && decode(entry);
  };
  const serviceAccounts = createServiceAccountTokens({ key: serviceAccountKey, find, now });
  const authorizer: Authorizer = (attributes) => (nodes.authorize(attributes) ? { allowed: true } : rbac.authorize(attributes));

  return {
    authenticator: createAuthenticator({ serviceAccounts, tokens, now }),
    authorizer,
    admission: [preventEscalation(rbac, objects, authorizer)],
    authQueries: {
      rulesFor: (user, namespace) => rbac.rulesFor(user, namespace),
      verifyToken: (token, audiences) => staticUser(tokens, token, audiences) ?? serviceAccounts.verify(token, audiences),
    },
    issueToken: async (request) => {
      const node = nodeNameOf(request.user);
      if (node !== undefined) {
        // https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
        const { boundObject, serviceAccount } = request;
        const { name, namespace = '' } = serviceAccount.metadata;
        const resource = { group: '', plural: 'serviceaccounts' };
        if (boundObject?.kind !== 'Pod') throw forbidden(resource, name, 'node requested token not bound to a pod');
        if (!boundObject.uid) throw badRequest('node requested token with a pod binding without a uid');
        if (!nodes.runs(node, namespace, boundObject.name)) throw forbidden(resource, name, 'node requested token bound to a pod scheduled on a different node');
      }
      return serviceAccounts.issue(request);
    },
    [Symbol.dispose]: () => {
      nodes[Symbol.dispose]();
      objects[Symbol.dispose]();
    },
  };
}

/** Static tokens are for the API server and nothing else, so they are good for no other audience. */
function staticUser(tokens: readonly StaticToken[], token: string, audiences: readonly string[] | undefined): ReturnType<ServiceAccountTokens['verify']> {
  if (audiences !== undefined && audiences.length > 0) return undefined;
  const found = tokens.find((each) => each.token === token);
  return found && { user: found.user, audiences: [] };
}
