import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, memberOf, setMember } from '../json-value.ts';

/**
 * Applies a JSON merge patch (RFC 7386): objects merge, `null` removes, everything else replaces. The target is not
 * changed; it is returned itself when the patch changes nothing.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return deepEqual(target, patch) ? target : patch;
  const base = isJsonObject(target) ? target : undefined;
  let result: Record<string, unknown> | undefined = base ? undefined : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const before = base ? memberOf(base, key) : undefined;
    if (value === null || value === undefined) {
      if (before !== undefined && value === null) delete (result ??= { ...base })[key];
      continue;
    }
    const after = applyMergePatch(before, value);
    if (after !== before) setMember((result ??= { ...base }), key, after);
  }
  return result ?? base;
}

/**
 * The merge patch that turns `from` into `to`; `undefined` when they are the same. A `null` inside of `to` cannot be
 * expressed by a merge patch and comes out as an absent field.
 */
export function createMergePatch(from: unknown, to: unknown): unknown {
  if (deepEqual(from, to)) return undefined;
  if (!isJsonObject(from) || !isJsonObject(to)) return to;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && memberOf(to, key) === undefined) setMember(patch, key, null);
  }
  for (const key of Object.keys(to)) {
    const value = to[key];
    if (value === undefined) continue;
    const before = memberOf(from, key);
    const member = before === undefined ? value : createMergePatch(before, value);
    if (member !== undefined) setMember(patch, key, member);
  }
  return patch;
}
