/**
 * A set of fields, as a trie of path elements (`f:spec`, `k:{"name":"a"}`, `v:"x"`, `i:0`). `self` says that the field
 * at this node belongs to the set, which says nothing about the fields below it. Values: nobody changes one in place.
 */
export interface FieldTrie {
  readonly self: boolean;
  readonly children: ReadonlyMap<string, FieldTrie>;
}

const NO_CHILDREN: ReadonlyMap<string, FieldTrie> = new Map();
export const EMPTY_TRIE: FieldTrie = { self: false, children: NO_CHILDREN };
export const LEAF: FieldTrie = { self: true, children: NO_CHILDREN };

export const isEmptyTrie = (trie: FieldTrie): boolean => !trie.self && trie.children.size === 0;

/** Everything that is in either. */
export function unionTries(left: FieldTrie, right: FieldTrie): FieldTrie {
  if (left === right || isEmptyTrie(right)) return left;
  if (isEmptyTrie(left)) return right;
  let children: Map<string, FieldTrie> | undefined;
  for (const [element, child] of right.children) {
    const known = left.children.get(element);
    const joined = known ? unionTries(known, child) : child;
    if (joined !== known) (children ??= new Map(left.children)).set(element, joined);
  }
  const self = left.self || right.self;
  return !children && self === left.self ? left : { self, children: children ?? left.children };
}

/** `trie` without the fields of `gone` and all that is below them. */
export function subtractTries(trie: FieldTrie, gone: FieldTrie): FieldTrie {
  if (gone.children.size === 0 || trie.children.size === 0) return trie;
  let children: Map<string, FieldTrie> | undefined;
  for (const [element, child] of gone.children) {
    const known = trie.children.get(element);
    if (!known) continue;
    const rest = child.self ? EMPTY_TRIE : subtractTries(known, child);
    if (rest === known) continue;
    children ??= new Map(trie.children);
    if (isEmptyTrie(rest)) children.delete(element);
    else children.set(element, rest);
  }
  return children ? { self: trie.self, children } : trie;
}

/** The fields that are in both. */
export function intersectTries(left: FieldTrie, right: FieldTrie): FieldTrie {
  const children = new Map<string, FieldTrie>();
  for (const [element, child] of right.children) {
    const known = left.children.get(element);
    if (!known) continue;
    const common = intersectTries(known, child);
    if (!isEmptyTrie(common)) children.set(element, common);
  }
  return { self: left.self && right.self, children };
}

export function equalTries(left: FieldTrie, right: FieldTrie): boolean {
  if (left === right) return true;
  if (left.self !== right.self || left.children.size !== right.children.size) return false;
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (!other || !equalTries(child, other)) return false;
  }
  return true;
}

/** Puts tries together at their paths. No path is inserted twice, nor one above or below another. */
export class TrieBuilder {
  readonly #root = new Map<string, FieldTrie>();

  insert(path: readonly string[], trie: FieldTrie): void {
    let children = this.#root;
    for (const element of path.slice(0, -1)) {
      let below = children.get(element);
      if (!below) {
        below = { self: false, children: new Map() };
        children.set(element, below);
      }
      children = below.children as Map<string, FieldTrie>;
    }
    children.set(path.at(-1) ?? '', trie);
  }

  /** What was inserted; insert nothing afterwards. */
  build(): FieldTrie {
    return this.#root.size === 0 ? EMPTY_TRIE : { self: false, children: this.#root };
  }
}

/** Every path of the set, in the order of the trie. */
export function* pathsOf(trie: FieldTrie, prefix: readonly string[] = []): Generator<readonly string[]> {
  if (trie.self && prefix.length > 0) yield prefix;
  for (const [element, child] of trie.children) yield* pathsOf(child, [...prefix, element]);
}
