import { hash, X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import type { Authenticator, TlsPeer, UserInfo } from '../request.ts';
import type { ServiceAccountTokens } from './tokens/service-account-tokens.ts';

export interface AuthenticatorOptions {
  readonly serviceAccounts: ServiceAccountTokens;
  /** Tokens that are good until the server ends, with whom they belong to. */
  readonly tokens?: readonly StaticToken[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** Whom a certificate names, and until when (ms since 1970). */
interface Holder {
  readonly user: UserInfo;
  readonly notAfter: number;
}

/** Clients' certificates that were read before, by their bytes. */
const maxRemembered = 1000;

/**
 * Says who sends a request: by client certificate (CN is the user, each O a group; TLS has verified it), else by bearer
 * token. Nobody is let in without either.
 */
export function createAuthenticator({ serviceAccounts, tokens = [], now }: AuthenticatorOptions): Authenticator {
  const byDigest = new Map(tokens.map(({ token, user }) => [digest(token), authenticated(user)]));
  /** By connection: the server hands in the same bytes for all requests of one. */
  const byPeer = new WeakMap<Uint8Array, Holder>();
  const byBytes = new Map<string, Holder>();

  const holderOf = (certificate: Uint8Array): Holder | undefined => {
    const key = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.byteLength).toString('latin1');
    const known = byBytes.get(key);
    if (known) return known;
    const read = readCertificate(certificate);
    if (!read) return undefined;
    if (byBytes.size >= maxRemembered) byBytes.delete(byBytes.keys().next().value!);
    byBytes.set(key, read);
    return read;
  };
  const fromCertificate = ({ certificate }: TlsPeer): UserInfo | undefined => {
    if (!certificate) return undefined;
    let known = byPeer.get(certificate);
    if (!known) {
      known = holderOf(certificate);
      if (!known) return undefined;
      byPeer.set(certificate, known);
    }
    // TLS looked at the dates when the connection began, which may be long ago.
    return now() <= known.notAfter ? known.user : undefined;
  };
  const fromToken = (headers: IncomingHttpHeaders): UserInfo | undefined => {
    const token = bearerToken(headers);
    if (token === undefined) return undefined;
    return byDigest.get(digest(token)) ?? serviceAccounts.verify(token)?.user;
  };

  return (headers, peer) => fromCertificate(peer) ?? fromToken(headers);
}

/** Digests are compared, not tokens, so that the time a comparison takes says nothing about a token. */
const digest = (token: string): string => hash('sha256', token, 'base64');

function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  if (!authorization || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  return authorization.slice(7).trim() || undefined;
}

function readCertificate(der: Uint8Array): Holder | undefined {
  const certificate = new X509Certificate(der);
  const { CN, O } = certificate.toLegacyObject().subject as { readonly CN?: string | string[]; readonly O?: string | string[] };
  // As Go reads it: of several common names the last one counts.
  const name = Array.isArray(CN) ? CN.at(-1) : CN;
  if (!name) return undefined;
  const groups = O === undefined ? [] : Array.isArray(O) ? O : [O];
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const extra = { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] };
  return { user: authenticated({ name, groups, extra }), notAfter: certificate.validToDate.getTime() };
}

function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] };
}
