import { generateKeyPairSync } from 'node:crypto';

import type { UnstructuredObject } from '@plinth/apimachinery';
import { describe, expect, test } from 'vitest';

import type { TokenRequest } from '../../hooks.ts';
import { signJwt } from './jwt.ts';
import { apiAudience, createServiceAccountTokens } from './service-account-tokens.ts';

function world() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { keyId: 'k1', privateKey, publicKey };
  const objects = new Map<string, UnstructuredObject>();
  let now = Date.UTC(2026, 0, 1);
  const put = (plural: string, name: string, uid: string, more: object = {}): UnstructuredObject => {
    const object = { apiVersion: 'v1', kind: 'Any', metadata: { name, namespace: 'apps', uid }, ...more };
    objects.set(`${plural}/${name}`, object);
    return object;
  };
  const tokens = createServiceAccountTokens({ key, find: (plural, _, name) => objects.get(`${plural}/${name}`), now: () => now });
  const serviceAccount = put('serviceaccounts', 'web', 'sa-1');
  const request: TokenRequest = { serviceAccount, audiences: [], expirationSeconds: 3600, user: { name: 'admin', groups: [] } };
  return { tokens, key, objects, put, request, pass: (ms: number) => (now += ms) };
}

describe(createServiceAccountTokens, () => {
  test('issues tokens that say who their pod runs as', async () => {
    const { tokens, put, request } = world();
    put('pods', 'web-0', 'pod-1', { spec: { serviceAccountName: 'web' } });
    const { token, expirationTimestamp } = await tokens.issue({ ...request, boundObject: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', uid: 'pod-1' } });
    expect(expirationTimestamp).toBe('2026-01-01T01:00:00Z');
    expect(tokens.verify(token)).toMatchObject({
      user: {
        name: 'system:serviceaccount:apps:web',
        uid: 'sa-1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:apps', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/pod-name': ['web-0'], 'authentication.kubernetes.io/pod-uid': ['pod-1'] },
      },
      audiences: [apiAudience],
    });
  });

  test('takes no token after its time', async () => {
    const { tokens, request, pass } = world();
    const { token } = await tokens.issue(request);
    pass(3599_000);
    expect(tokens.verify(token)).toBeDefined();
    pass(1000);
    expect(tokens.verify(token)).toBeUndefined();
  });

  test('takes no token for somebody else', async () => {
    const { tokens, request } = world();
    const { token } = await tokens.issue({ ...request, audiences: ['vault'] });
    expect(tokens.verify(token)).toBeUndefined();
    expect(tokens.verify(token, ['vault', 'other'])?.audiences).toEqual(['vault']);
  });

  test('takes no token of a ServiceAccount that was deleted, or made again', async () => {
    const { tokens, request, objects, put } = world();
    const { token } = await tokens.issue(request);
    objects.delete('serviceaccounts/web');
    expect(tokens.verify(token)).toBeUndefined();
    put('serviceaccounts', 'web', 'sa-2');
    expect(tokens.verify(token)).toBeUndefined();
  });

  test('takes no token of a pod that is gone', async () => {
    const { tokens, request, objects, put } = world();
    put('pods', 'web-0', 'pod-1', { spec: { serviceAccountName: 'web' } });
    const { token } = await tokens.issue({ ...request, boundObject: { kind: 'Pod', apiVersion: 'v1', name: 'web-0' } });
    expect(tokens.verify(token)).toBeDefined();
    objects.delete('pods/web-0');
    expect(tokens.verify(token)).toBeUndefined();
  });

  test('takes no token that was changed, signed by another key, or signed with no algorithm', async () => {
    const { tokens, request, key } = world();
    const { token } = await tokens.issue(request);
    const [head, body, signature] = token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: 4_000_000_000 })).toString('base64url');
    const none = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(tokens.verify(signJwt(claims, key.keyId, key.privateKey))).toBeDefined();
    for (const bad of [`${head}.${forged}.${signature}`, `${none}.${body}.`, `${none}.${body}.${signature}`, `${token}=`, `${head}.${body}`, signJwt(claims, 'k1', other), signJwt(claims, 'k2', key.privateKey), 'x'.repeat(100_000), '..']) {
      expect(tokens.verify(bad)).toBeUndefined();
    }
  });

  test.each([
    [{ expirationSeconds: 599 }, 'TokenRequest.authentication.k8s.io "web" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes'],
    [{ boundObject: { kind: 'Pod', apiVersion: 'v1', name: 'gone' } }, 'pods "gone" not found'],
    [{ boundObject: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'old' } }, 'Operation cannot be fulfilled on secrets "s": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated'],
    [{ boundObject: { kind: 'Pod', apiVersion: 'v1', name: 'other' } }, 'TokenRequest.authentication.k8s.io "web" is invalid: spec.boundObjectRef: Invalid value: "other": cannot bind token for serviceaccount "web" to pod running with different serviceaccount name.'],
  ])('refuses to issue for %j', async (change, message) => {
    const { tokens, request, put } = world();
    put('secrets', 's', 'new');
    put('pods', 'other', 'pod-2', { spec: {} });
    await expect(tokens.issue({ ...request, ...change })).rejects.toThrow(message);
  });
});
