import type { JsonObject } from '../json-value.ts';
import type { Schema } from '../schema.ts';
import type { FieldTrie } from './field-trie.ts';
import { deepEqual } from '../deep-equal.ts';
import { isJsonObject, memberOf } from '../json-value.ts';
import { LEAF, TrieBuilder, unionTries } from './field-trie.ts';
import { beginTrie, fieldElement } from './intern-trie.ts';
import { childSchema, isEmbedded, itemElements, structureOf } from './structure.ts';
import { withoutIdentity } from './to-field-set.ts';

/** What a write did to an object. The order of items in sets and list-maps is no difference. */
export interface Comparison {
  readonly added: FieldTrie;
  readonly modified: FieldTrie;
  readonly removed: FieldTrie;
}

/** Compares two versions of one object. Parts that are the very same value are not looked at. */
export function compareFields(before: JsonObject, after: JsonObject, schema: Schema | undefined): Comparison {
  const walk: Walk = { path: [], added: new TrieBuilder(), modified: new TrieBuilder(), removed: new TrieBuilder() };
  compare(before, after, schema, true, walk);
  return {
    added: withoutIdentity(walk.added.build()),
    modified: withoutIdentity(walk.modified.build()),
    removed: withoutIdentity(walk.removed.build()),
  };
}

export const isSame = ({ added, modified, removed }: Comparison): boolean =>
  added.children.size + modified.children.size + removed.children.size === 0;

/** What the writer set: what is new and what is different. */
export const touched = ({ added, modified }: Comparison): FieldTrie => unionTries(added, modified);

interface Walk {
  readonly path: string[];
  readonly added: TrieBuilder;
  readonly modified: TrieBuilder;
  readonly removed: TrieBuilder;
}

function compare(before: unknown, after: unknown, schema: Schema | undefined, resource: boolean, walk: Walk): void {
  if (before === after) return;
  if (before === undefined) walk.added.insert(walk.path, wholeOf(after, schema, resource));
  else if (after === undefined) walk.removed.insert(walk.path, wholeOf(before, schema, resource));
  else {
    const structure = structureOf(after, schema);
    if (structureOf(before, schema) !== structure) {
      // A map where there was a text, say: nothing of the old is left, all of the new is new.
      walk.removed.insert(walk.path, wholeOf(before, schema, resource));
      walk.added.insert(walk.path, wholeOf(after, schema, resource));
    } else if (structure === 'leaf') {
      if (!deepEqual(before, after)) walk.modified.insert(walk.path, LEAF);
    } else if (structure === 'map') compareMembers(before as JsonObject, after as JsonObject, schema, resource, walk);
    else compareItems(before as readonly unknown[], after as readonly unknown[], schema, structure, walk);
  }
}

function compareMembers(before: JsonObject, after: JsonObject, schema: Schema | undefined, resource: boolean, walk: Walk): void {
  const step = (key: string): void => {
    const old = memberOf(before, key);
    const next = memberOf(after, key);
    if (old === next) return;
    const below = childSchema(schema, key, resource);
    walk.path.push(fieldElement(key));
    compare(old, next, below, isEmbedded(below), walk);
    walk.path.pop();
  };
  for (const key of Object.keys(after)) step(key);
  for (const key of Object.keys(before)) if (memberOf(after, key) === undefined) step(key);
}

function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  schema: Schema | undefined,
  structure: 'set' | 'list-map',
  walk: Walk,
): void {
  const oldElements = itemElements(before, schema, structure);
  const old = new Map(oldElements.map((element, index) => [element, before[index]]));
  const step = (element: string, was: unknown, is: unknown): void => {
    walk.path.push(element);
    compare(was, is, schema?.items, isEmbedded(schema?.items), walk);
    walk.path.pop();
  };
  itemElements(after, schema, structure).forEach((element, index) => {
    step(element, old.get(element), after[index]);
    old.delete(element);
  });
  for (const [element, was] of old) step(element, was, undefined);
}

/** A part that came or went as a whole: itself and every field in it. */
function wholeOf(value: unknown, schema: Schema | undefined, resource: boolean): FieldTrie {
  const structure = structureOf(value, schema);
  if (structure === 'leaf') return LEAF;
  let step = beginTrie(true);
  if (structure === 'map' && isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === undefined) continue;
      const below = childSchema(schema, key, resource);
      step = step.with(fieldElement(key), wholeOf(value[key], below, isEmbedded(below)));
    }
  } else if (structure !== 'map') {
    const list = value as readonly unknown[];
    itemElements(list, schema, structure).forEach((element, index) => {
      step = step.with(element, wholeOf(list[index], schema?.items, isEmbedded(schema?.items)));
    });
  }
  return step.trie;
}
