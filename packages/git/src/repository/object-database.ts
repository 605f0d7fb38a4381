import { accessSync, readdirSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GitFormatError } from '../errors.ts';
import { decodeCommit } from '../objects/commit.ts';
import type { Commit } from '../objects/commit.ts';
import { emptyTreeId, isObjectId } from '../objects/object.ts';
import type { GitObject, ObjectId } from '../objects/object.ts';
import { PackFile } from '../pack/pack-file.ts';
import { encodePackIndex } from '../pack/pack-index.ts';
import type { PackPlace } from '../pack/pack-writer.ts';
import { syncFolder, writeDurably } from './durable-file.ts';
import { loosePath, readLooseObject, writeLooseObject } from './loose-object.ts';
import { ObjectCache } from './object-cache.ts';

/** Where an object lies in a pack. */
export interface PackedPlace {
  readonly pack: PackFile;
  readonly offset: number;
}

/**
 * The objects of a repository on disk, loose and packed. Reads are synchronous: they come from the page cache or from
 * memory, in microseconds. Notices packs that others (a `git gc`) add or take away.
 */
export class ObjectDatabase {
  readonly folder: string;
  /** Newest first. */
  #packs: readonly PackFile[] = [];
  #packFolderState = '';
  #lastFound: PackFile | undefined;
  readonly #cache = new ObjectCache();

  constructor(objectsFolder: string) {
    this.folder = objectsFolder;
  }

  get packs(): readonly PackFile[] {
    this.#rescan();
    return this.#packs;
  }

  has(id: ObjectId): boolean {
    if (this.#cache.has(id) || id === emptyTreeId || this.locate(id)) return true;
    try {
      accessSync(loosePath(this.folder, id));
      return true;
    } catch {
      return false;
    }
  }

  read(id: ObjectId): GitObject | undefined {
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const object = this.#readPacked(id) ?? readLooseObject(this.folder, id) ?? (id === emptyTreeId ? { type: 'tree' as const, data: Buffer.alloc(0) } : undefined);
    if (object) this.#cache.set(id, object);
    return object;
  }

  /** Throws a {@link GitFormatError} when it is not there or of another type. */
  readAs(type: GitObject['type'], id: ObjectId): Buffer {
    const object = this.read(id);
    if (!object) throw new GitFormatError(`${type} ${id} is missing`);
    if (object.type !== type) throw new GitFormatError(`object ${id} is a ${object.type}, not a ${type}`);
    return object.data;
  }

  readCommit(id: ObjectId): Commit {
    return decodeCommit(this.readAs('commit', id));
  }

  /** Keeps an object at hand that is on disk already. */
  remember(id: ObjectId, object: GitObject): void {
    this.#cache.set(id, object);
  }

  locate(id: ObjectId): PackedPlace | undefined {
    const key = Buffer.from(id, 'hex');
    return this.#find(key) ?? (this.#rescan() ? this.#find(key) : undefined);
  }

  /** Ids that begin with these hex digits (4 or more), loose ones included; at most `limit`. */
  startingWith(prefix: string, limit = 2): ObjectId[] {
    if (!/^[0-9a-f]{4,40}$/.test(prefix)) return [];
    const found = new Set<ObjectId>();
    for (const pack of this.packs) for (const id of pack.index.startingWith(prefix, limit)) found.add(id);
    try {
      for (const rest of readdirSync(join(this.folder, prefix.slice(0, 2)))) {
        const id = prefix.slice(0, 2) + rest;
        if (isObjectId(id) && id.startsWith(prefix)) found.add(id);
      }
    } catch {
      // No loose object begins with these two digits.
    }
    return [...found].slice(0, limit);
  }

  /** Adds a pack that needs nothing outside it. Resolves when pack and index are on disk; both are then visible. */
  async addPack(pack: Buffer | readonly Buffer[], places: readonly PackPlace[], checksum: string): Promise<void> {
    const folder = join(this.folder, 'pack');
    const base = join(folder, `pack-${checksum}`);
    const temporary = join(folder, `tmp_pack_${randomBytes(8).toString('hex')}`);
    const index = encodePackIndex(places, checksum);
    try {
      await Promise.all([writeDurably(temporary, pack, 0o444), writeDurably(`${temporary}.idx`, index, 0o444)]);
      // The index last: a pack counts from the moment that its index is there.
      await rename(temporary, `${base}.pack`);
      await rename(`${temporary}.idx`, `${base}.idx`);
    } catch (error) {
      await Promise.all([temporary, `${temporary}.idx`].map((path) => rm(path, { force: true })));
      throw error;
    }
    await syncFolder(folder);
    // The folder's time may not have moved since a look at it a moment ago: look again in any case.
    this.#packFolderState = '';
    this.#rescan();
  }

  async addObject(id: ObjectId, object: GitObject): Promise<void> {
    await writeLooseObject(this.folder, id, object);
  }

  /** Deletes packs whose objects are all in others by now. */
  async removePacks(packs: readonly PackFile[]): Promise<void> {
    const gone = new Set(packs);
    this.#lastFound = undefined;
    this.#packs = this.#packs.filter((pack) => !gone.has(pack));
    for (const pack of packs) {
      // The index first: without one nobody opens the pack any more.
      await rm(`${pack.base}.idx`, { force: true });
      for (const end of ['pack', 'rev', 'bitmap', 'keep', 'mtimes']) await rm(`${pack.base}.${end}`, { force: true });
      pack.close();
    }
    this.#packFolderState = '';
    this.#rescan();
  }

  close(): void {
    for (const pack of this.#packs) pack.close();
    this.#packs = [];
    this.#lastFound = undefined;
    this.#packFolderState = '';
    this.#cache.clear();
  }

  #readPacked(id: ObjectId): GitObject | undefined {
    const place = this.locate(id);
    if (!place) return undefined;
    try {
      return place.pack.read(place.offset, (base) => this.#cache.get(base));
    } catch (error) {
      // Somebody took the pack away between finding and opening it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#packFolderState = '';
      this.#rescan();
      const again = this.locate(id);
      return again?.pack.read(again.offset);
    }
  }

  #find(key: Buffer): PackedPlace | undefined {
    // What came together is asked for together.
    const last = this.#lastFound;
    const there = last?.index.find(key);
    if (last && there !== undefined) return { pack: last, offset: there };
    for (const pack of this.#packs) {
      const offset = pack.index.find(key);
      if (offset === undefined) continue;
      this.#lastFound = pack;
      return { pack, offset };
    }
    return undefined;
  }

  /** Looks at the pack folder again if it changed. True if the packs are others now. */
  #rescan(): boolean {
    const folder = join(this.folder, 'pack');
    let state: string;
    try {
      const stat = statSync(folder, { bigint: true });
      state = `${stat.mtimeNs} ${stat.ino}`;
    } catch {
      return false;
    }
    if (state === this.#packFolderState) return false;
    this.#packFolderState = state;
    const known = new Map(this.#packs.map((pack) => [pack.base, pack]));
    const opened: { readonly pack: PackFile; readonly time: number }[] = [];
    for (const name of readdirSync(folder)) {
      if (!/^pack-[0-9a-f]{40}\.idx$/.test(name)) continue;
      const base = join(folder, name.slice(0, -4));
      try {
        const stat = statSync(`${base}.pack`);
        opened.push({ pack: known.get(base) ?? new PackFile(base, stat.size), time: stat.mtimeMs });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#lastFound = undefined;
    const kept = new Set(opened.map(({ pack }) => pack));
    for (const pack of this.#packs) if (!kept.has(pack)) pack.close();
    this.#packs = opened.sort((a, b) => b.time - a.time).map(({ pack }) => pack);
    return true;
  }
}
