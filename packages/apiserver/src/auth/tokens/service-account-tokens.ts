import { hash, randomUUID } from 'node:crypto';

import { conflict, fieldInvalid, invalid, notFound, timeText, type UnstructuredObject } from '@plinth/apimachinery';

import type { TokenIssuer, TokenRequest } from '../../hooks.ts';
import type { ServiceAccountKey } from '../../pki/index.ts';
import type { UserInfo } from '../../request.ts';
import { signJwt, verifyJwt } from './jwt.ts';

export interface ServiceAccountTokensOptions {
  readonly key: ServiceAccountKey;
  /** The object of a core kind, as it is now; must be quick, it is asked for every request. */
  readonly find: (plural: 'serviceaccounts' | 'pods' | 'secrets' | 'nodes', namespace: string | undefined, name: string) => UnstructuredObject | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface ServiceAccountTokens {
  readonly issue: TokenIssuer;
  /** Who a token belongs to and which of `audiences` it is for; `undefined` when it is not a good one for any of them. */
  verify(token: string, audiences?: readonly string[]): { readonly user: UserInfo; readonly audiences: readonly string[] } | undefined;
}

/** What the API server calls itself: `iss` of every token, and `aud` of those that are for it. */
export const apiAudience = 'https://kubernetes.default.svc.cluster.local';

interface BoundReference {
  readonly name: string;
  readonly uid: string;
}

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly nbf: number;
  readonly jti: string;
  readonly sub: string;
  readonly namespace: string;
  readonly serviceAccount: BoundReference;
  readonly pod?: BoundReference;
  readonly secret?: BoundReference;
  readonly node?: BoundReference;
}

const minSeconds = 600;
const maxSeconds = 2 ** 32;
/** After an object is marked as deleted its tokens go on for as long as its goodbye may take; the figure is Kubernetes'. */
const deletionLeewayMs = 60_000;
/** Verified signatures that are remembered, because checking one costs more than a whole read. */
const maxRemembered = 4096;

/**
 * Tokens of service accounts: signed by the cluster's own key, for an audience, for a time, and only as long as the
 * ServiceAccount, and the pod or secret that they are bound to, exist with the same uid.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export function createServiceAccountTokens({ key, find, now }: ServiceAccountTokensOptions): ServiceAccountTokens {
  const remembered = new Map<string, Claims>();

  const claimsOf = (token: string): Claims | undefined => {
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known) return known;
    const claims = parseClaims(verifyJwt(token, key.keyId, key.publicKey));
    if (!claims) return undefined;
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value!);
    remembered.set(digest, claims);
    return claims;
  };
  const isThere = (object: UnstructuredObject | undefined, uid: string): boolean => {
    if (object?.metadata.uid !== uid) return false;
    const { deletionTimestamp } = object.metadata;
    return deletionTimestamp === undefined || now() <= Date.parse(deletionTimestamp) + deletionLeewayMs;
  };

  return {
    verify: (token, audiences = [apiAudience]) => {
      const claims = claimsOf(token);
      if (!claims) return undefined;
      const seconds = now() / 1000;
      if (seconds >= claims.exp || seconds < claims.nbf - 1) return undefined;
      const shared = claims.aud.filter((audience) => audiences.includes(audience));
      if (shared.length === 0) return undefined;
      const { namespace, serviceAccount, pod, secret, node } = claims;
      if (!isThere(find('serviceaccounts', namespace, serviceAccount.name), serviceAccount.uid)) return undefined;
      if (pod && !isThere(find('pods', namespace, pod.name), pod.uid)) return undefined;
      if (secret && !isThere(find('secrets', namespace, secret.name), secret.uid)) return undefined;
      if (node && !pod && !isThere(find('nodes', undefined, node.name), node.uid)) return undefined;
      return { user: userOf(claims), audiences: shared };
    },
    issue: async (request) => {
      const { serviceAccount } = request;
      const { name, namespace = '', uid = '' } = serviceAccount.metadata;
      checkExpiration(request);
      const bound = boundClaims(request, find);
      const issuedAt = Math.floor(now() / 1000);
      const expiresAt = issuedAt + request.expirationSeconds;
      const token = signJwt(
        {
          aud: request.audiences.length > 0 ? request.audiences : [apiAudience],
          exp: expiresAt,
          iat: issuedAt,
          iss: apiAudience,
          jti: randomUUID(),
          'kubernetes.io': { namespace, ...bound, serviceaccount: { name, uid } },
          nbf: issuedAt,
          sub: `system:serviceaccount:${namespace}:${name}`,
        },
        key.keyId,
        key.privateKey,
      );
      return { token, expirationTimestamp: timeText(expiresAt * 1000) };
    },
  };
}

function checkExpiration({ serviceAccount, expirationSeconds }: TokenRequest): void {
  const problem =
    expirationSeconds < minSeconds ? 'may not specify a duration less than 10 minutes' : expirationSeconds > maxSeconds ? 'may not specify a duration larger than 2^32 seconds' : undefined;
  if (problem !== undefined) {
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, serviceAccount.metadata.name, [fieldInvalid('spec.expirationSeconds', expirationSeconds, problem)]);
  }
}

/** What a token says of the object that it is bound to. Errors: NotFound, Conflict, Invalid. */
function boundClaims({ boundObject, serviceAccount }: TokenRequest, find: ServiceAccountTokensOptions['find']): Readonly<Record<string, BoundReference>> {
  if (!boundObject) return {};
  const { namespace } = serviceAccount.metadata;
  const plural = boundKinds[boundObject.kind];
  if (plural === undefined || boundObject.apiVersion !== 'v1') {
    const given = `${boundObject.apiVersion}, Kind=${boundObject.kind}`;
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, serviceAccount.metadata.name, [
      fieldInvalid('spec.boundObjectRef', given, 'cannot bind token to this type of object: use a Pod, a Secret or a Node of apiVersion v1'),
    ]);
  }
  const target = find(plural, plural === 'nodes' ? undefined : namespace, boundObject.name);
  const resource = { group: '', plural };
  if (!target) throw notFound(resource, boundObject.name);
  const uid = target.metadata.uid ?? '';
  if (boundObject.uid && boundObject.uid !== uid) {
    throw conflict(resource, boundObject.name, `the UID in the bound object reference (${boundObject.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  }
  if (plural !== 'pods') return { [plural === 'secrets' ? 'secret' : 'node']: { name: boundObject.name, uid } };
  const spec = (target['spec'] ?? {}) as { readonly serviceAccountName?: string; readonly nodeName?: string };
  if ((spec.serviceAccountName || 'default') !== serviceAccount.metadata.name) {
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, serviceAccount.metadata.name, [
      fieldInvalid('spec.boundObjectRef', boundObject.name, `cannot bind token for serviceaccount ${JSON.stringify(serviceAccount.metadata.name)} to pod running with different serviceaccount name.`),
    ]);
  }
  const node = spec.nodeName ? find('nodes', undefined, spec.nodeName) : undefined;
  return { pod: { name: boundObject.name, uid }, ...(node ? { node: { name: node.metadata.name, uid: node.metadata.uid ?? '' } } : {}) };
}

const boundKinds: Readonly<Record<string, 'pods' | 'secrets' | 'nodes'>> = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' };

function userOf(claims: Claims): UserInfo {
  const { namespace, pod, node } = claims;
  return {
    name: claims.sub,
    uid: claims.serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      ...(pod ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] } : {}),
      ...(node ? { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] } : {}),
    },
  };
}

/** We signed it, so it is as we write it; a key that came from elsewhere may have signed something else all the same. */
function parseClaims(payload: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  if (!payload || payload['iss'] !== apiAudience) return undefined;
  const { aud, exp, nbf, jti, sub } = payload;
  const kubernetes = payload['kubernetes.io'] as Readonly<Record<string, unknown>> | undefined;
  const serviceAccount = parseReference(kubernetes?.['serviceaccount']);
  const namespace = kubernetes?.['namespace'];
  if (!Array.isArray(aud) || typeof exp !== 'number' || typeof nbf !== 'number' || typeof jti !== 'string' || typeof sub !== 'string') return undefined;
  if (!serviceAccount || typeof namespace !== 'string' || sub !== `system:serviceaccount:${namespace}:${serviceAccount.name}`) return undefined;
  const pod = parseReference(kubernetes?.['pod']);
  const secret = parseReference(kubernetes?.['secret']);
  const node = parseReference(kubernetes?.['node']);
  return { aud, exp, nbf, jti, sub, namespace, serviceAccount, ...(pod ? { pod } : {}), ...(secret ? { secret } : {}), ...(node ? { node } : {}) };
}

function parseReference(value: unknown): BoundReference | undefined {
  const { name, uid } = (value ?? {}) as { readonly name?: unknown; readonly uid?: unknown };
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}
