import type { Schema } from '../schema.ts';
import type { FieldTrie } from './field-trie.ts';
import { isJsonObject } from '../json-value.ts';
import { EMPTY_TRIE, LEAF } from './field-trie.ts';
import { childSchema, isDeclared, isEmbedded, itemElements, structureOf } from './structure.ts';

/**
 * The fields that an applied configuration holds, which its manager thereby owns. A map that the schema declares is not
 * owned itself, only what is in it; keys of free maps and items of lists are, so that taking them away takes them whole.
 */
export function toFieldSet(value: unknown, schema: Schema | undefined, resource = false): FieldTrie {
  const structure = structureOf(value, schema);
  if (structure === 'leaf') return LEAF;
  const children = new Map<string, FieldTrie>();
  if (structure === 'map') {
    if (!isJsonObject(value)) return LEAF;
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (member === undefined) continue;
      const below = childSchema(schema, key, resource);
      const trie = toFieldSet(member, below, isEmbedded(below));
      const owned = trie.self || !isDeclared(schema, key, resource);
      if (owned || trie.children.size > 0) children.set(`f:${key}`, owned ? { self: true, children: trie.children } : trie);
    }
  } else {
    const list = value as readonly unknown[];
    itemElements(list, schema, structure).forEach((element, index) => {
      const trie = structure === 'set' ? LEAF : toFieldSet(list[index], schema?.items, isEmbedded(schema?.items));
      children.set(element, { self: true, children: trie.children });
    });
  }
  return children.size === 0 ? LEAF : { self: false, children };
}

/** The fields that nobody owns: what names an object, and what the server alone sets. */
export function withoutIdentity(trie: FieldTrie): FieldTrie {
  const children = new Map(trie.children);
  children.delete('f:apiVersion');
  children.delete('f:kind');
  const metadata = children.get('f:metadata');
  if (metadata) {
    const kept = new Map([...metadata.children].filter(([element]) => !IDENTITY.has(element)));
    if (kept.size === 0) children.delete('f:metadata');
    else children.set('f:metadata', { self: false, children: kept });
  }
  return children.size === 0 ? EMPTY_TRIE : { self: false, children };
}

/** Members of `metadata` outside of field ownership. */
export const IDENTITY: ReadonlySet<string> = new Set(
  [
    'name',
    'generateName',
    'namespace',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
  ].map((key) => `f:${key}`),
);
