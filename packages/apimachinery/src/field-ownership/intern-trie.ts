import type { FieldTrie } from './field-trie.ts';
import { EMPTY_TRIE, LEAF } from './field-trie.ts';

/**
 * A trie of these members, the same one for the same members. Objects that one controller makes look alike (a thousand
 * pods of one pipeline), so they share what says who owns their fields, and what was printed once need not be again.
 *
 * Remembers at most {@link MAX_TRIES} tries; then it begins anew, which costs sharing and nothing else.
 */
export function internTrie(self: boolean, children: ReadonlyMap<string, FieldTrie>): FieldTrie {
  if (children.size === 0) return self ? LEAF : EMPTY_TRIE;
  const fresh: FieldTrie = { self, children };
  if (children.size > MAX_CHILDREN) return fresh;
  let key = self ? '.' : '';
  for (const [element, child] of children) {
    const id = child === LEAF ? 0 : ids.get(child);
    if (id === undefined) return fresh;
    key += `${id} ${element.length} ${element}`;
  }
  const known = tries.get(key);
  if (known) return known;
  if (tries.size >= MAX_TRIES) tries.clear();
  tries.set(key, fresh);
  ids.set(fresh, (lastId += 1));
  return fresh;
}

const MAX_TRIES = 4_096;
/** A trie with more members is hardly ever there twice. */
const MAX_CHILDREN = 64;

const tries = new Map<string, FieldTrie>();
/** Ids are never used again, so a trie that was forgotten is not taken for another. */
const ids = new WeakMap<FieldTrie, number>();
let lastId = 0;
