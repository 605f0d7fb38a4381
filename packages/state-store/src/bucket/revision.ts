import { createHash } from 'node:crypto';

/**
 * What Flux calls the revision of a bucket with these objects, without `sha256:`: SHA-256 over a line `key ETag` for each, in the
 * order of {@link sortKeys}. Keys that stand for folders do not count, nor does `.sourceignore`.
 * https://fluxcd.io/flux/components/source/buckets/#artifact
 */
export function revisionOf(keys: readonly string[], etags: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (let at = 0; at < keys.length; at += LINES_AT_ONCE) {
    const lines = keys.slice(at, at + LINES_AT_ONCE).filter((key) => !key.endsWith('/') && key !== '.sourceignore');
    hash.update(lines.map((key) => `${key} ${etags.get(key)!}\n`).join(''));
  }
  return hash.digest('hex');
}

/** Sorts bytewise, in place. */
export function sortKeys(keys: string[]): string[] {
  return keys.some((key) => SURROGATE.test(key)) ? keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) : keys.sort();
}

/** Those of the sorted keys that begin with `prefix`. */
export function keysBelow(keys: readonly string[], prefix: string): readonly string[] {
  if (prefix === '') return keys;
  const bytes = Buffer.from(prefix);
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(Buffer.from(keys[middle]!), bytes) < 0) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < keys.length && keys[end]!.startsWith(prefix)) end += 1;
  return keys.slice(low, end);
}

/** Only these sort otherwise in UTF-16 than bytewise. */
const SURROGATE = /[\ud800-\udfff]/;
const LINES_AT_ONCE = 1000;
