import type { JsonObject } from '../json-value.ts';
import type { Schema } from '../schema.ts';
import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, memberOf, setMember } from '../json-value.ts';
import { memberSchema } from '../schema.ts';
import { PatchError } from './patch-error.ts';

/**
 * Applies a strategic merge patch: like a merge patch, but lists whose schema says so merge item by item
 * (`x-kubernetes-patch-strategy: merge`, objects by `x-kubernetes-patch-merge-key`), and directives in the patch say
 * what a plain value cannot: `$patch: delete|replace|merge`, `$deleteFromPrimitiveList/<list>`,
 * `$setElementOrder/<list>`, `$retainKeys`. The target is not changed.
 *
 * Errors: `PatchError`.
 * Source: https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function applyStrategicMergePatch<T>(target: T, patch: unknown, schema: Schema | undefined): T {
  if (!isJsonObject(patch)) throw new PatchError('malformed', 'a strategic merge patch is an object');
  const merged = mergeObject(isJsonObject(target) ? target : {}, patch, schema);
  return (merged ?? {}) as T;
}

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const SET_ORDER = '$setElementOrder/';

/** `undefined` when the patch deletes the object. */
function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject | undefined {
  const directive = patch[PATCH];
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge') {
    throw new PatchError('malformed', `unknown patch type found: ${JSON.stringify(directive)}`);
  }
  let result: Record<string, unknown> | undefined;
  const change = (): Record<string, unknown> => (result ??= { ...target });
  retainKeys(target, patch, change);
  for (const key of Object.keys(patch)) {
    if (key === PATCH || key === RETAIN_KEYS || key.startsWith(SET_ORDER)) continue;
    const value = patch[key];
    if (key.startsWith(DELETE_FROM_LIST)) {
      const name = key.slice(DELETE_FROM_LIST.length);
      // When the list itself is patched too, both are done together below.
      if (!Object.hasOwn(patch, name)) deleteFromList(name, value, result ?? target, change);
      continue;
    }
    const before = memberOf(result ?? target, key);
    if (value === null) {
      if (before !== undefined) delete change()[key];
      continue;
    }
    const after = mergeMember(key, before, value, patch, schema);
    if (after === undefined) {
      if (before !== undefined) delete change()[key];
    } else if (after !== before) setMember(change(), key, after);
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(SET_ORDER)) continue;
    const name = key.slice(SET_ORDER.length);
    if (Object.hasOwn(patch, name)) continue;
    const before = memberOf(result ?? target, name);
    if (!Array.isArray(before)) continue;
    const order = listOf(patch[key], key);
    const sorted = normalizeOrder(before, before, order, mergeKeyOf(schema && memberSchema(schema, name)));
    if (!deepEqual(sorted, before)) setMember(change(), name, sorted);
  }
  return result ?? target;
}

function retainKeys(target: JsonObject, patch: JsonObject, change: () => Record<string, unknown>): void {
  const keep = patch[RETAIN_KEYS];
  if (keep === undefined) return;
  const keys = listOf(keep, RETAIN_KEYS);
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && patch[key] !== null && !keys.includes(key)) {
      throw new PatchError('malformed', `${RETAIN_KEYS} directive must be a list that contains every key of the patch: ${key} is missing`);
    }
  }
  for (const key of Object.keys(target)) if (!keys.includes(key)) delete change()[key];
}

function deleteFromList(name: string, values: unknown, target: JsonObject, change: () => Record<string, unknown>): void {
  const before = memberOf(target, name);
  if (!Array.isArray(before)) return;
  const gone = listOf(values, DELETE_FROM_LIST + name);
  const after = before.filter((item) => !gone.some((value) => deepEqual(value, item)));
  if (after.length < before.length) setMember(change(), name, after);
}

function mergeMember(
  key: string,
  before: unknown,
  value: unknown,
  patch: JsonObject,
  schema: Schema | undefined,
): unknown {
  const member = schema && memberSchema(schema, key);
  if (isJsonObject(value)) {
    if (hasStrategy(member, 'replace') && value[PATCH] === undefined) return withoutDirectives(value);
    return mergeObject(isJsonObject(before) ? before : {}, value, member);
  }
  if (!Array.isArray(value)) return value;
  if (!hasStrategy(member, 'merge')) {
    const plain = value.filter((item) => !isReplaceMark(item)).map(cleanItem);
    return deepEqual(plain, before) ? before : plain;
  }
  const order = patch[SET_ORDER + key];
  const gone = patch[DELETE_FROM_LIST + key];
  const after = mergeList(Array.isArray(before) ? before : [], value, member, {
    order: order === undefined ? undefined : listOf(order, SET_ORDER + key),
    gone: gone === undefined ? [] : listOf(gone, DELETE_FROM_LIST + key),
  });
  return deepEqual(after, before) ? before : after;
}

const hasStrategy = (schema: Schema | undefined, strategy: string): boolean =>
  schema?.['x-kubernetes-patch-strategy']?.split(',').includes(strategy) ?? false;
const mergeKeyOf = (schema: Schema | undefined): string | undefined => schema?.['x-kubernetes-patch-merge-key'];
const isReplaceMark = (item: unknown): boolean =>
  isJsonObject(item) && item[PATCH] === 'replace' && Object.keys(item).length === 1;
const cleanItem = (item: unknown): unknown => (isJsonObject(item) ? withoutDirectives(item) : item);

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PatchError('malformed', `${what} must be a list`);
  return value;
}

function mergeList(
  before: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema | undefined,
  directives: { readonly order: readonly unknown[] | undefined; readonly gone: readonly unknown[] },
): readonly unknown[] {
  if (patch.some(isReplaceMark)) return patch.filter((item) => !isReplaceMark(item)).map(cleanItem);
  const mergeKey = mergeKeyOf(schema);
  const merged =
    mergeKey === undefined
      ? mergeScalars(before, patch, directives.gone)
      : mergeItems(before, patch, schema?.items, mergeKey);
  const order = directives.order ?? patch.filter((item) => !isJsonObject(item) || item[PATCH] !== 'delete');
  return normalizeOrder(merged, before, order, mergeKey);
}

function mergeScalars(before: readonly unknown[], patch: readonly unknown[], gone: readonly unknown[]): readonly unknown[] {
  const seen = new Set<string>(gone.map((item) => JSON.stringify(item)));
  const merged: unknown[] = [];
  for (const item of [...before, ...patch]) {
    const identity = JSON.stringify(item);
    if (seen.has(identity)) continue;
    seen.add(identity);
    merged.push(item);
  }
  return merged;
}

function mergeItems(
  before: readonly unknown[],
  patch: readonly unknown[],
  items: Schema | undefined,
  mergeKey: string,
): readonly unknown[] {
  const merged: unknown[] = [...before];
  const positions = new Map<string, number>();
  merged.forEach((item, index) => positions.set(identityOf(item, mergeKey), index));
  const deleted = new Set<number>();
  for (const item of patch) {
    if (!isJsonObject(item)) throw new PatchError('malformed', `expected an object with the merge key ${mergeKey}, found ${JSON.stringify(item)}`);
    if (memberOf(item, mergeKey) === undefined) {
      throw new PatchError('malformed', `map: ${JSON.stringify(item).slice(0, 200)} does not contain declared merge key: ${mergeKey}`);
    }
    const identity = identityOf(item, mergeKey);
    const position = positions.get(identity);
    if (item[PATCH] === 'delete') {
      if (position !== undefined) deleted.add(position);
    } else if (position === undefined) {
      positions.set(identity, merged.length);
      merged.push(mergeObject({}, item, items) ?? {});
    } else {
      const current = merged[position];
      deleted.delete(position);
      merged[position] = mergeObject(isJsonObject(current) ? current : {}, item, items) ?? {};
    }
  }
  return deleted.size > 0 ? merged.filter((_, index) => !deleted.has(index)) : merged;
}

const identityOf = (item: unknown, mergeKey: string | undefined): string =>
  JSON.stringify(mergeKey !== undefined && isJsonObject(item) ? memberOf(item, mergeKey) : item) ?? 'undefined';

/**
 * Items that the patch names come in its order; items that only the server has keep their place among those that the
 * server had, before items that are new.
 */
function normalizeOrder(
  merged: readonly unknown[],
  serverItems: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): readonly unknown[] {
  const rank = new Map<string, number>();
  for (const item of order) rank.set(identityOf(item, mergeKey), rank.size);
  const serverPosition = new Map<string, number>();
  for (const item of serverItems) serverPosition.set(identityOf(item, mergeKey), serverPosition.size);
  const entries = merged.map((item) => ({ item, identity: identityOf(item, mergeKey) }));
  const named = entries
    .filter(({ identity }) => rank.has(identity))
    .sort((left, right) => (rank.get(left.identity) ?? 0) - (rank.get(right.identity) ?? 0));
  const others = entries.filter(({ identity }) => !rank.has(identity));
  const result: unknown[] = [];
  let taken = 0;
  for (const entry of named) {
    const position = serverPosition.get(entry.identity);
    for (let other = others[taken]; other; other = others[taken]) {
      const otherPosition = serverPosition.get(other.identity);
      if (position !== undefined && otherPosition !== undefined && position < otherPosition) break;
      result.push(other.item);
      taken += 1;
    }
    result.push(entry.item);
  }
  for (const other of others.slice(taken)) result.push(other.item);
  return result;
}

/** A value that comes new: its directives mean nothing without something to apply them to, and nulls are absent fields. */
function withoutDirectives(object: JsonObject): JsonObject {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === null || key === PATCH || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM_LIST)) {
      continue;
    }
    setMember(
      result,
      key,
      isJsonObject(value) ? withoutDirectives(value) : Array.isArray(value) ? value.map(cleanItem) : value,
    );
  }
  return result;
}
