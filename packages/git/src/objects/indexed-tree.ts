import { checkEntryName, decodeTree, encodeTreeEntry, treeEntryAt } from './tree.ts';
import type { TreeEntry, TreeMode } from './tree.ts';
import type { ObjectId } from './object.ts';

/**
 * A tree with the place of each entry, so that finding one costs a binary search and changing one a copy of the bytes:
 * a folder of 20,000 entries changes in well under a millisecond. Keeps the bytes of entries that it is not asked to
 * change, whatever they are (names need not be UTF-8). Immutable.
 */
export class IndexedTree {
  static readonly empty: IndexedTree = new IndexedTree(Buffer.alloc(0), new Uint32Array(0));
  readonly data: Buffer;
  #known: Uint32Array | undefined;

  private constructor(data: Buffer, starts: Uint32Array | undefined) {
    this.data = data;
    this.#known = starts;
  }

  /** Costs nothing yet: the bytes are read when something is first looked for, which throws a GitFormatError if they are no tree. */
  static of(data: Buffer): IndexedTree {
    return new IndexedTree(data, undefined);
  }

  /** Start of each entry. */
  get #starts(): Uint32Array {
    if (this.#known) return this.#known;
    const starts: number[] = [];
    for (let at = 0; at < this.data.length; at = treeEntryAt(this.data, at).end) starts.push(at);
    this.#known = Uint32Array.from(starts);
    return this.#known;
  }

  get size(): number {
    return this.#starts.length;
  }

  entries(): TreeEntry[] {
    return decodeTree(this.data);
  }

  find(name: string): { readonly mode: TreeMode; readonly id: ObjectId } | undefined {
    const index = this.#indexOf(Buffer.from(name, 'utf8'));
    if (index === undefined) return undefined;
    const entry = treeEntryAt(this.data, this.#starts[index]!);
    return { mode: entry.mode, id: this.data.toString('hex', entry.nameEnd + 1, entry.end) };
  }

  /** The tree with these names set, or taken out where the value is undefined. */
  with(edits: ReadonlyMap<string, Omit<TreeEntry, 'name'> | undefined>): IndexedTree {
    const cuts: { readonly index: number; readonly remove: number; readonly insert: Buffer; readonly key: Buffer }[] = [];
    for (const [name, value] of edits) {
      checkEntryName(name);
      const plain = Buffer.from(name, 'utf8');
      const old = this.#indexOf(plain);
      const key = value?.mode === '40000' ? Buffer.concat([plain, slash]) : plain;
      const encoded = value ? encodeTreeEntry({ name, ...value }) : Buffer.alloc(0);
      const wanted = value ? this.#lowerBound(key) : undefined;
      if (old !== undefined && (wanted === undefined || wanted === old)) cuts.push({ index: old, remove: 1, insert: encoded, key });
      else {
        // A file that becomes a folder may sort elsewhere.
        if (old !== undefined) cuts.push({ index: old, remove: 1, insert: Buffer.alloc(0), key: plain });
        if (wanted !== undefined) cuts.push({ index: wanted, remove: 0, insert: encoded, key });
      }
    }
    cuts.sort((a, b) => a.index - b.index || Buffer.compare(a.key, b.key));
    return this.#apply(cuts);
  }

  #apply(cuts: readonly { readonly index: number; readonly remove: number; readonly insert: Buffer }[]): IndexedTree {
    const added = cuts.reduce((sum, cut) => sum + (cut.insert.length > 0 ? 1 : 0) - cut.remove, 0);
    const starts = new Uint32Array(this.#starts.length + added);
    const parts: Buffer[] = [];
    let length = 0;
    let from = 0;
    let out = 0;
    const copy = (to: number): void => {
      if (to <= from) return;
      const begin = this.#startOf(from);
      const shift = length - begin;
      for (let index = from; index < to; index++) starts[out++] = this.#starts[index]! + shift;
      const part = this.data.subarray(begin, this.#startOf(to));
      parts.push(part);
      length += part.length;
    };
    for (const cut of cuts) {
      copy(cut.index);
      from = Math.max(from, cut.index + cut.remove);
      if (cut.insert.length === 0) continue;
      starts[out++] = length;
      parts.push(cut.insert);
      length += cut.insert.length;
    }
    copy(this.#starts.length);
    return new IndexedTree(Buffer.concat(parts, length), starts);
  }

  #startOf(index: number): number {
    return index < this.#starts.length ? this.#starts[index]! : this.data.length;
  }

  /** An entry is stored either as file `name` or as folder `name/`, and the two sort differently. */
  #indexOf(name: Buffer): number | undefined {
    for (const key of [name, Buffer.concat([name, slash])]) {
      const index = this.#lowerBound(key);
      if (index >= this.#starts.length) continue;
      const entry = treeEntryAt(this.data, this.#starts[index]!);
      if (this.data.compare(name, 0, name.length, entry.nameStart, entry.nameEnd) === 0) return index;
    }
    return undefined;
  }

  /** The first entry that does not sort before `key`. */
  #lowerBound(key: Buffer): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareAt(middle, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareAt(index: number, key: Buffer): number {
    const entry = treeEntryAt(this.data, this.#starts[index]!);
    // The NUL after a name sorts before everything; a folder's name counts as `name/`.
    if (entry.mode !== '40000') return this.data.compare(key, 0, key.length, entry.nameStart, entry.nameEnd);
    const name = this.data.subarray(entry.nameStart, entry.nameEnd);
    const common = Buffer.compare(name, key.subarray(0, name.length));
    if (common !== 0) return common;
    if (key.length <= name.length) return 1;
    const next = key[name.length]!;
    return next === 0x2f ? (key.length === name.length + 1 ? 0 : -1) : 0x2f - next;
  }
}

const slash = Buffer.from('/');
