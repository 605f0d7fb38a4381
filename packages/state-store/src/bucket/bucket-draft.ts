import { createHash } from 'node:crypto';
import { checkFree, placed } from '../check-change.ts';
import { StateStoreError } from '../errors.ts';
import { decodeIndex, encodeIndex } from '../index-file.ts';
import { checkPath, joinPath } from '../path.ts';
import type { StateStoreChange } from '../writer.ts';

/** What the bucket holds, as it is asked: each key and prefix once. */
export interface BucketView {
  /** Undefined: no such object. */
  etag(key: string): Promise<string | undefined>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** ETags by key. */
  list(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Whether an object with this ETag holds what has this MD5. */
  isSame(key: string, etag: string, md5: string): boolean;
}

/** What is to become of one key. */
export interface DraftEntry {
  /** Undefined: it goes. */
  content: Uint8Array | undefined;
  md5: string | undefined;
  /** An index, which has to name files before they are there and until they are gone. */
  readonly isIndex: boolean;
  /** The changes that it is part of. */
  readonly changes: Set<StateStoreChange>;
}

/** Changes to a bucket that have not been carried out yet, each made on top of those before. Keys are those of the bucket. */
export class BucketDraft {
  readonly entries = new Map<string, DraftEntry>();
  readonly #view: BucketView;
  readonly #root: string;

  /** `root`: the store's folder in the bucket. */
  constructor(view: BucketView, root: string) {
    this.#view = view;
    this.#root = root;
  }

  /** Asks what {@link apply} will want to know, so that many changes ask at the same time. */
  async prepare({ action }: StateStoreChange): Promise<void> {
    switch (action.type) {
      case 'files':
        await Promise.all([...placed(this.#root, action.put).map(({ path }) => path), ...action.delete.map((path) => this.#key(path))].map((key) => this.#view.etag(key)));
        return;
      case 'directory':
        await this.#view.list(`${joinPath(this.#root, action.directory)}/`);
        return;
      case 'indexed':
        await Promise.all([this.#view.get(this.#key(action.index)), ...placed(this.#root, action.files).map(({ path }) => this.#view.etag(path))]);
        return;
      default:
        action satisfies never;
    }
  }

  /** Takes one change in. Throws a StateStoreError (`invalid`, `conflict`) before anything of it is in the draft. */
  async apply(change: StateStoreChange): Promise<void> {
    const { action } = change;
    switch (action.type) {
      case 'files': {
        const put = placed(this.#root, action.put);
        for (const path of action.delete) await this.#delete(change, this.#key(path));
        for (const file of put) await this.#put(change, file.path, file.content);
        return;
      }
      case 'directory': {
        const directory = joinPath(this.#root, action.directory);
        if (directory === '') throw new StateStoreError('invalid', 'the root of the bucket cannot be replaced as a whole');
        const put = placed(this.#root, action.files);
        const outside = put.find((file) => !file.path.startsWith(`${directory}/`));
        if (outside) throw new StateStoreError('invalid', `${outside.path} does not lie in ${directory}`);
        const stay = new Set(put.map((file) => file.path));
        for (const key of await this.#keysBelow(`${directory}/`)) if (!stay.has(key)) await this.#delete(change, key);
        for (const file of put) await this.#put(change, file.path, file.content);
        return;
      }
      case 'indexed': {
        const index = this.#key(action.index);
        const put = placed(this.#root, action.files);
        const before = await this.#readIndex(index);
        const mine = new Set(before);
        const others: string[] = [];
        for (const { path } of put) if (!mine.has(path) && (await this.#etag(path)) !== undefined) others.push(path);
        if (others.length > 0) checkFree(others, await this.#otherIndexes(index));
        const stay = new Set(put.map((file) => file.path));
        for (const key of before) if (!stay.has(key)) await this.#delete(change, key);
        for (const file of put) await this.#put(change, file.path, file.content);
        if (put.length === 0) await this.#delete(change, index, true);
        else await this.#put(change, index, encodeIndex(action.files.map((file) => checkPath(file.path))), true);
        return;
      }
      default:
        action satisfies never;
    }
  }

  /** The index that names what is in the bucket and what is to come. */
  async widerIndex(key: string): Promise<Uint8Array | undefined> {
    const before = decodeIndex((await this.#view.get(key)) ?? new Uint8Array());
    const after = decodeIndex(this.entries.get(key)?.content ?? new Uint8Array());
    return after.every((path) => before.includes(path)) ? undefined : encodeIndex([...new Set([...before, ...after])]);
  }

  #key(path: string): string {
    return joinPath(this.#root, checkPath(path));
  }

  async #put(change: StateStoreChange, key: string, content: Uint8Array, isIndex = false): Promise<void> {
    const md5 = md5Of(content);
    const drafted = this.entries.get(key);
    if (!drafted) {
      const etag = await this.#view.etag(key);
      if (etag !== undefined && this.#view.isSame(key, etag, md5)) return;
    } else if (drafted.md5 === md5) {
      drafted.changes.add(change);
      return;
    }
    this.#set(key, content, md5, change, isIndex);
  }

  async #delete(change: StateStoreChange, key: string, isIndex = false): Promise<void> {
    if ((await this.#etag(key)) === undefined) return;
    this.#set(key, undefined, undefined, change, isIndex);
  }

  #set(key: string, content: Uint8Array | undefined, md5: string | undefined, change: StateStoreChange, isIndex: boolean): void {
    const entry = this.entries.get(key);
    if (!entry) this.entries.set(key, { content, md5, isIndex, changes: new Set([change]) });
    else {
      entry.content = content;
      entry.md5 = md5;
      entry.changes.add(change);
    }
  }

  async #etag(key: string): Promise<string | undefined> {
    const drafted = this.entries.get(key);
    return drafted ? drafted.md5 : this.#view.etag(key);
  }

  async #keysBelow(prefix: string): Promise<readonly string[]> {
    const keys = new Set((await this.#view.list(prefix)).keys());
    for (const [key, { content }] of this.entries) {
      if (!key.startsWith(prefix)) continue;
      if (content) keys.add(key);
      else keys.delete(key);
    }
    return [...keys];
  }

  async #readIndex(key: string): Promise<readonly string[]> {
    const drafted = this.entries.get(key);
    const bytes = drafted ? drafted.content : await this.#view.get(key);
    return bytes ? decodeIndex(bytes).map((path) => joinPath(this.#root, path)) : [];
  }

  async #otherIndexes(index: string): Promise<readonly { readonly index: string; readonly paths: readonly string[] }[]> {
    const folder = index.slice(0, index.lastIndexOf('/') + 1);
    const keys = (await this.#keysBelow(folder)).filter((key) => key !== index);
    return Promise.all(keys.map(async (key) => ({ index: key.slice(folder.length), paths: await this.#readIndex(key) })));
  }
}

/** The ETag of what is uploaded in one piece and not encrypted with a key of its own. */
export const md5Of = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');
