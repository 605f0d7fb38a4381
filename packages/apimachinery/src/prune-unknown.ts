import type { Schema } from './schema.ts';
import { childPath, indexPath, quote } from './field-error.ts';
import { isJsonObject, memberOf, setMember } from './json-value.ts';
import { OBJECT_META_SCHEMA } from './object-meta-schema.ts';
import { memberSchema } from './schema.ts';

/**
 * Drops the fields that a schema does not know, and names them. Returns the same value when there are none; what did not
 * change is shared. `root` marks a whole object: its `apiVersion`, `kind` and `metadata` are known without being declared.
 *
 * `unknown` holds at most 100 paths, in the order of the object. `old`: a value that has been pruned before; parts that are
 * the very same are not looked at.
 */
export function pruneUnknown<T>(
  value: T,
  schema: Schema,
  options: { readonly root?: boolean; readonly path?: string; readonly old?: unknown } = {},
): { readonly value: T; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const pruned = prune(value, schema, options.path ?? '', options.root ?? false, unknown, options.old);
  return { value: pruned as T, unknown };
}

/** The message for `fieldValidation=Strict`; each part alone is the warning for `Warn`. */
export function strictDecodingMessage(unknown: readonly string[], duplicate: readonly string[] = []): string {
  return `strict decoding error: ${[...duplicateFieldMessages(duplicate), ...unknownFieldMessages(unknown)].join(', ')}`;
}

export const unknownFieldMessages = (unknown: readonly string[]): readonly string[] =>
  unknown.map((path) => `unknown field ${quote(path)}`);
export const duplicateFieldMessages = (duplicate: readonly string[]): readonly string[] =>
  duplicate.map((path) => `duplicate field ${quote(path)}`);

const MAX_PATHS = 100;

function prune(value: unknown, schema: Schema, path: string, resource: boolean, unknown: string[], old: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    const before: readonly unknown[] = Array.isArray(old) ? old : [];
    let result: unknown[] | undefined;
    for (let index = 0; index < value.length; index += 1) {
      const item: unknown = value[index];
      if (typeof item !== 'object' || item === null || item === before[index]) continue;
      const pruned = prune(item, items, indexPath(path, index), items['x-kubernetes-embedded-resource'] === true, unknown, before[index]);
      if (pruned !== item) (result ??= [...(value as unknown[])])[index] = pruned;
    }
    return result ?? value;
  }
  if (!isJsonObject(value)) return value;
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  const before = isJsonObject(old) ? old : undefined;
  let result: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    let member = memberSchema(schema, key);
    if (resource && OBJECT_FIELDS.has(key)) member = key === 'metadata' ? OBJECT_META_SCHEMA : SCALAR;
    if (!member) {
      if (keepsUnknown) continue;
      delete (result ??= { ...value })[key];
      if (unknown.length < MAX_PATHS) unknown.push(childPath(path, key));
      continue;
    }
    const item = value[key];
    if (typeof item !== 'object' || item === null) continue;
    const oldItem = before && memberOf(before, key);
    if (item === oldItem) continue;
    const pruned = prune(item, member, childPath(path, key), member['x-kubernetes-embedded-resource'] === true, unknown, oldItem);
    if (pruned !== item) setMember((result ??= { ...value }), key, pruned);
  }
  return result ?? value;
}

const OBJECT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);
const SCALAR: Schema = { type: 'string' };
