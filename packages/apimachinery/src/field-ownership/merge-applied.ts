import type { JsonObject } from '../json-value.ts';
import type { Schema } from '../schema.ts';
import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, memberOf, setMember } from '../json-value.ts';
import { childSchema, isEmbedded, itemElements, structureOf } from './structure.ts';

/**
 * Lays an applied configuration over what is there: maps member by member, sets and list-maps item by item, all else as
 * a whole. Items come in the order of the configuration; those that it does not name keep their place.
 * Returns `live` itself when nothing changes.
 */
export function mergeApplied(live: unknown, config: unknown, schema: Schema | undefined, resource = false): unknown {
  if (live === undefined || live === config) return config;
  const structure = structureOf(config, schema);
  if (structure === 'leaf' || structureOf(live, schema) !== structure) return deepEqual(live, config) ? live : config;
  return structure === 'map'
    ? mergeMembers(live as JsonObject, config as JsonObject, schema, resource)
    : mergeItems(live as readonly unknown[], config as readonly unknown[], schema, structure);
}

function mergeMembers(live: JsonObject, config: JsonObject, schema: Schema | undefined, resource: boolean): JsonObject {
  let result: Record<string, unknown> | undefined;
  for (const key of Object.keys(config)) {
    if (config[key] === undefined) continue;
    const before = memberOf(live, key);
    const below = childSchema(schema, key, resource);
    const after = mergeApplied(before, config[key], below, isEmbedded(below));
    if (after !== before) setMember((result ??= { ...live }), key, after);
  }
  return result ?? live;
}

function mergeItems(
  live: readonly unknown[],
  config: readonly unknown[],
  schema: Schema | undefined,
  structure: 'set' | 'list-map',
): readonly unknown[] {
  const liveElements = itemElements(live, schema, structure);
  const configElements = itemElements(config, schema, structure);
  const liveItems = new Map(liveElements.map((element, index) => [element, live[index]]));
  const named = new Set(configElements);
  const result: unknown[] = [];
  let nextLive = 0;
  const takeUnnamed = (): void => {
    for (; nextLive < live.length && !named.has(liveElements[nextLive] as string); nextLive += 1) result.push(live[nextLive]);
  };
  configElements.forEach((element, index) => {
    takeUnnamed();
    result.push(mergeApplied(liveItems.get(element), config[index], schema?.items, isEmbedded(schema?.items)));
    if (liveElements[nextLive] === element) nextLive += 1;
  });
  for (; nextLive < live.length; nextLive += 1) {
    if (!named.has(liveElements[nextLive] as string)) result.push(live[nextLive]);
  }
  return result.length === live.length && result.every((item, index) => item === live[index]) ? live : result;
}

/**
 * Takes `null`s out of an applied configuration: a declared field that is null is one that it does not set. Null is a
 * value only where the schema calls the field nullable, and where there is no schema.
 */
export function withoutNulls<T>(object: T, schema: Schema | undefined): T {
  return dropNulls(object, schema, true) as T;
}

function dropNulls(value: unknown, schema: Schema | undefined, resource: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => dropNulls(item, schema?.items, isEmbedded(schema?.items)));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  let result: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const member = value[key];
    const below = childSchema(schema, key, resource);
    if (member === undefined || (member === null && isDropped(below))) delete (result ??= { ...value })[key];
    else {
      const after = dropNulls(member, below, isEmbedded(below));
      if (after !== member) setMember((result ??= { ...value }), key, after);
    }
  }
  return result ?? value;
}

const isDropped = (schema: Schema | undefined): boolean =>
  schema !== undefined && !schema.nullable && !schema['x-kubernetes-preserve-unknown-fields'];
