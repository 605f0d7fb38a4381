import { md5hex } from './stable-name.ts';

/**
 * The hash that decides whether a workflow has to run again: MD5 of the spec as compact JSON with sorted keys. Specs of
 * Promises are large (they carry CRDs), so the hash is remembered per spec; objects are never changed in place.
 */
export function specHash(spec: unknown): string {
  if (typeof spec !== 'object' || spec === null) return md5hex(canonicalJson(spec));
  let hash = remembered.get(spec);
  if (hash === undefined) {
    hash = md5hex(canonicalJson(spec));
    remembered.set(spec, hash);
  }
  return hash;
}

const remembered = new WeakMap<object, string>();

/** What the Jobs of a request are labelled with: changes with the Promise's spec and with the request's. */
export const requestHash = (promiseSpec: unknown, requestSpec: unknown): string =>
  md5hex(`${specHash(promiseSpec)}-${specHash(requestSpec)}`);

/** Compact JSON, keys in byte order, with the escapes of Go's encoder (`<`, `>`, `&`, U+2028, U+2029). */
export function canonicalJson(value: unknown): string {
  return plainJson(value ?? null).replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function plainJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => plainJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${plainJson(member)}`).join(',')}}`;
}
