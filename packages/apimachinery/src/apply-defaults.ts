import type { Schema } from './schema.ts';
import { isJsonObject, memberOf, setMember } from './json-value.ts';
import { memberSchema } from './schema.ts';

/**
 * Fills in the defaults of a schema wherever the object around them is there, and takes away `null`s of fields that are
 * not nullable (then their default, if they have one, comes in their place), as Kubernetes does on every read and write.
 * Returns the same value when nothing is to be done; what did not change is shared. `old`: a value that has its defaults;
 * parts that are the very same are not looked at.
 */
export function applyDefaults<T>(value: T, schema: Schema, old?: unknown): T {
  return (isJsonObject(value) || Array.isArray(value)) && mayDefault(schema) ? (fill(value, schema, old) as T) : value;
}

/** Schemas without any default still lose nulls, so only those without members are passed over. */
const mayDefault = (schema: Schema): boolean =>
  schema.properties !== undefined || schema.items !== undefined || typeof schema.additionalProperties === 'object';

function fill(value: unknown, schema: Schema, old: unknown): unknown {
  if (Array.isArray(value)) return schema.items ? fillList(value, schema.items, Array.isArray(old) ? old : []) : value;
  if (!isJsonObject(value)) return value;
  const before = isJsonObject(old) ? old : undefined;
  let result: Record<string, unknown> | undefined;
  const change = (): Record<string, unknown> => (result ??= { ...value });
  for (const key of Object.keys(value)) {
    const member = memberSchema(schema, key);
    if (!member) continue;
    const item = value[key];
    if (item === null) {
      if (!member.nullable && member['x-kubernetes-preserve-unknown-fields'] !== true) delete change()[key];
    } else if (mayDefault(member)) {
      const oldItem = before && memberOf(before, key);
      if (item === oldItem) continue;
      const filled = fill(item, member, oldItem);
      if (filled !== item) setMember(change(), key, filled);
    }
  }
  const { properties } = schema;
  if (properties) {
    for (const key of defaultedKeys(properties)) {
      if (memberOf(result ?? value, key) !== undefined) continue;
      const member = properties[key] as Schema;
      setMember(change(), key, fill(member.default, member, undefined));
    }
  }
  return result ?? value;
}

function fillList(list: readonly unknown[], items: Schema, old: readonly unknown[]): readonly unknown[] {
  if (!mayDefault(items)) return list;
  let result: unknown[] | undefined;
  list.forEach((item, index) => {
    if (item === old[index]) return;
    const filled = fill(item, items, old[index]);
    if (filled !== item) (result ??= [...list])[index] = filled;
  });
  return result ?? list;
}

const keysWithDefault = new WeakMap<object, readonly string[]>();

function defaultedKeys(properties: Readonly<Record<string, Schema>>): readonly string[] {
  let keys = keysWithDefault.get(properties);
  if (!keys) {
    keys = Object.keys(properties).filter((key) => properties[key]?.default !== undefined);
    keysWithDefault.set(properties, keys);
  }
  return keys;
}
