import type { JsonObject } from '../json-value.ts';
import type { Schema } from '../schema.ts';
import { isJsonObject, memberOf } from '../json-value.ts';
import { OBJECT_META_SCHEMA } from '../object-meta-schema.ts';
import { memberSchema } from '../schema.ts';

/** How a value merges: member by member, item by item, or only as a whole. */
export type Structure = 'map' | 'set' | 'list-map' | 'leaf';

/**
 * What the schema says about a value that is there. Without a schema maps are granular and lists atomic, as Kubernetes
 * takes objects whose types it does not know.
 */
export function structureOf(value: unknown, schema: Schema | undefined): Structure {
  if (Array.isArray(value)) {
    const listType = schema?.['x-kubernetes-list-type'];
    if (listType === 'set') return 'set';
    return listType === 'map' ? 'list-map' : 'leaf';
  }
  return isJsonObject(value) && schema?.['x-kubernetes-map-type'] !== 'atomic' ? 'map' : 'leaf';
}

/** The schema of a member, with `metadata` of whole objects as it always is, whatever the kind says of it. */
export function childSchema(schema: Schema | undefined, key: string, resource: boolean): Schema | undefined {
  if (resource && key === 'metadata') return OBJECT_META_SCHEMA;
  return schema && memberSchema(schema, key);
}

/** Whether the schema declares the member by name, in contrast to a key of a free map. */
export const isDeclared = (schema: Schema | undefined, key: string, resource: boolean): boolean =>
  (schema?.properties !== undefined && Object.hasOwn(schema.properties, key)) ||
  (resource && (key === 'metadata' || key === 'apiVersion' || key === 'kind'));

export const isEmbedded = (schema: Schema | undefined): boolean => schema?.['x-kubernetes-embedded-resource'] === true;

/**
 * The path elements of a list's items, in order: `k:{...}` for list-maps, `v:...` for sets. A key that an item leaves
 * out has its default. An item that no key names, or whose element is taken, gets its index: validation refuses such
 * items, but old objects may hold them.
 */
export function itemElements(list: readonly unknown[], schema: Schema | undefined, structure: 'set' | 'list-map'): readonly string[] {
  const seen = new Set<string>();
  return list.map((item, index) => {
    const element = structure === 'set' ? `v:${JSON.stringify(item)}` : keyElement(item, schema);
    if (element === undefined || seen.has(element)) return `i:${index}`;
    seen.add(element);
    return element;
  });
}

function keyElement(item: unknown, schema: Schema | undefined): string | undefined {
  const keys = schema?.['x-kubernetes-list-map-keys'];
  if (!keys || !isJsonObject(item)) return undefined;
  const properties = schema?.items?.properties;
  if (keys.length === 1) {
    const name = keys[0] as string;
    const value = memberOf(item, name) ?? properties?.[name]?.default;
    return value === undefined ? undefined : `k:{${JSON.stringify(name)}:${JSON.stringify(value)}}`;
  }
  const key: JsonObject = Object.fromEntries(
    [...keys]
      .sort()
      .map((name) => [name, memberOf(item, name) ?? properties?.[name]?.default] as const)
      .filter(([, value]) => value !== undefined),
  );
  return Object.keys(key).length === 0 ? undefined : `k:${JSON.stringify(key)}`;
}
