import type { Schema } from '../schema.ts';
import type { FieldTrie } from './field-trie.ts';
import { isJsonObject, memberOf, setMember } from '../json-value.ts';
import { childSchema, isDeclared, isEmbedded, itemElements, structureOf } from './structure.ts';

/**
 * Takes away what a manager applied last time (`last`), does not apply any more, and nobody else owns (`owned`: the
 * fields of all managers as they are now). What goes, goes whole: with a map, an item or a key go the fields in it that
 * nobody owns, such as defaults. An item that stays keeps its `keys`. Returns the same value when nothing goes.
 */
export function pruneReleased(
  value: unknown,
  last: FieldTrie,
  owned: FieldTrie | undefined,
  schema: Schema | undefined,
  resource = false,
  keys: readonly string[] = [],
): unknown {
  if (last.children.size === 0) return value;
  const structure = structureOf(value, schema);
  if (structure === 'leaf') return value;
  if (structure === 'map') {
    if (!isJsonObject(value)) return value;
    let result: Record<string, unknown> | undefined;
    for (const [element, child] of last.children) {
      const key = element.slice(2);
      const member = element.startsWith('f:') ? memberOf(value, key) : undefined;
      if (member === undefined || keys.includes(key)) continue;
      const other = owned?.children.get(element);
      const declared = isDeclared(schema, key, resource);
      if (isMember(child, declared) && !isMember(other, declared)) {
        delete (result ??= { ...value })[key];
        continue;
      }
      const below = childSchema(schema, key, resource);
      const after = pruneReleased(member, child, other, below, isEmbedded(below));
      if (after !== member) setMember((result ??= { ...value }), key, after);
    }
    return result ?? value;
  }
  const list = value as readonly unknown[];
  const elements = itemElements(list, schema, structure);
  const itemKeys = schema?.['x-kubernetes-list-map-keys'] ?? [];
  let changed = false;
  const result: unknown[] = [];
  list.forEach((item, index) => {
    const element = elements[index] as string;
    const child = last.children.get(element);
    const other = owned?.children.get(element);
    if (child?.self && !other?.self) changed = true;
    else {
      const after = child ? pruneReleased(item, child, other, schema?.items, isEmbedded(schema?.items), itemKeys) : item;
      changed ||= after !== item;
      result.push(after);
    }
  });
  return changed ? result : list;
}

/** A map that is declared by name counts as owned by whoever owns something in it. */
const isMember = (trie: FieldTrie | undefined, declared: boolean): boolean =>
  trie !== undefined && (trie.self || (declared && trie.children.size > 0));
