import { sign, verify, type KeyObject } from 'node:crypto';

/** Longest token that is looked at, in bytes; ours have less than 2 KiB. */
const maxTokenBytes = 16 * 1024;

/** A JSON Web Token signed with ECDSA P-256 (RFC 7515, RFC 7518 section 3.4). */
export function signJwt(payload: object, keyId: string, privateKey: KeyObject): string {
  const signed = `${encode({ alg: 'ES256', kid: keyId })}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/**
 * The payload of a token that `publicKey` signed; `undefined` for anything else. The algorithm is ours to say, not the
 * token's: only ES256 with our key id is looked at.
 */
export function verifyJwt(token: string, keyId: string, publicKey: KeyObject): Readonly<Record<string, unknown>> | undefined {
  if (token.length > maxTokenBytes) return undefined;
  const parts = token.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || !head || !body || !signature) return undefined;
  const header = decode(head);
  if (header?.['alg'] !== 'ES256' || header['kid'] !== keyId || header['crit'] !== undefined) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  // A token has one spelling: Node's decoder would also take padding and foreign characters.
  if (bytes.length !== 64 || bytes.toString('base64url') !== signature) return undefined;
  const good = verify('sha256', Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes);
  return good ? decode(body) : undefined;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
