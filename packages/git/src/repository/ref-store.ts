import { readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GitRepositoryError } from '../errors.ts';
import { isObjectId, zeroId } from '../objects/object.ts';
import type { ObjectId } from '../objects/object.ts';
import { syncFolder } from './durable-file.ts';
import { withLock } from './lock-file.ts';
import { isRefName } from './ref-name.ts';

/** One ref to move. */
export interface RefUpdateRequest {
  readonly name: string;
  /** What it must be now; {@link zeroId}: it must not exist. Undefined: whatever it is. */
  readonly expected?: ObjectId | undefined;
  /** {@link zeroId} deletes it. */
  readonly next: ObjectId;
}

export type RefUpdateResult = { readonly ok: true; readonly previous: ObjectId } | { readonly ok: false; readonly reason: string };

/** What HEAD says: a branch, which may not exist yet, or a commit. */
export type Head = { readonly branch: string } | { readonly detached: ObjectId };

/** Most loose refs that stay loose; beyond it {@link RefStore.pack} is worth its while. */
export const manyLooseRefs = 256;

/**
 * The refs of a repository, loose and packed, in the files that stock git uses. Reads look at the files each time, so they
 * see what others wrote; updates compare and swap under git's own lock files, and are on disk when they resolve.
 */
export class RefStore {
  readonly folder: string;

  constructor(gitFolder: string) {
    this.folder = gitFolder;
  }

  head(): Head {
    const text = readFileSync(join(this.folder, 'HEAD'), 'utf8').trim();
    const target = /^ref: (\S+)$/.exec(text)?.[1];
    if (target && isRefName(target)) return { branch: target };
    if (isObjectId(text)) return { detached: text };
    throw new GitRepositoryError(`HEAD of ${this.folder} is damaged`, { hint: 'write "ref: refs/heads/main" into the file HEAD' });
  }

  /** All refs by full name, sorted. `prefixes`: those that start with one of them. */
  list(prefixes: readonly string[] = ['refs/']): Map<string, ObjectId> {
    const found = this.#packed();
    this.#walk('refs', found);
    const names = [...found.keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    return new Map(names.sort().map((name) => [name, found.get(name)!]));
  }

  read(name: string): ObjectId | undefined {
    return this.#loose(name) ?? this.#packed().get(name);
  }

  /** How many refs have a file of their own. */
  looseCount(): number {
    const found = new Map<string, ObjectId>();
    this.#walk('refs', found);
    return found.size;
  }

  /** Moves one ref. Never rejects because of the ref's state: the result says why not. */
  async update(request: RefUpdateRequest): Promise<RefUpdateResult> {
    if (!isRefName(request.name)) return { ok: false, reason: 'funny refname' };
    const conflict = this.conflictOf(request.name);
    if (conflict && request.next !== zeroId) return { ok: false, reason: `'${conflict}' exists; cannot create '${request.name}'` };
    const path = join(this.folder, request.name);
    await mkdir(dirname(path), { recursive: true });
    return withLock(path, async (lock) => {
      const current = this.read(request.name) ?? zeroId;
      if (request.expected !== undefined && request.expected !== current) {
        return { ok: false, reason: current === zeroId ? 'reference does not exist' : request.expected === zeroId ? 'reference already exists' : `is at ${current} but expected ${request.expected}` };
      }
      if (current === request.next) return { ok: true, previous: current };
      if (request.next === zeroId) await this.#delete(request.name);
      else {
        await lock.write(`${request.next}\n`);
        // A folder of refs that were all deleted may stand where this file must go.
        removeEmptyFolders(path);
        await lock.commit();
      }
      await this.#syncAbove(request.name);
      return { ok: true, previous: current };
    });
  }

  /** Points HEAD at a branch, which need not exist. */
  async setHead(branch: string): Promise<void> {
    if (!isRefName(branch)) throw new GitRepositoryError(`HEAD of ${this.folder} cannot point at ${JSON.stringify(branch)}: not a ref name`);
    await withLock(join(this.folder, 'HEAD'), async (lock) => {
      await lock.write(`ref: ${branch}\n`);
      await lock.commit();
    });
    await syncFolder(this.folder);
  }

  /** Moves loose refs into `packed-refs`, one file instead of thousands. */
  async pack(): Promise<void> {
    const loose = new Map<string, ObjectId>();
    this.#walk('refs', loose);
    await this.#rewritePacked((packed) => {
      for (const [name, id] of loose) packed.set(name, id);
    });
    for (const [name, id] of loose) {
      const path = join(this.folder, name);
      await withLock(path, async () => {
        if (this.#loose(name) === id) await rm(path, { force: true });
      });
    }
  }

  async #delete(name: string): Promise<void> {
    if (this.#packed().has(name)) await this.#rewritePacked((packed) => void packed.delete(name));
    await rm(join(this.folder, name), { force: true });
  }

  async #rewritePacked(change: (packed: Map<string, ObjectId>) => void): Promise<void> {
    await withLock(join(this.folder, 'packed-refs'), async (lock) => {
      const packed = this.#packed();
      change(packed);
      const lines = [...packed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, id]) => `${id} ${name}\n`);
      // Not "fully-peeled": readers then peel annotated tags themselves.
      await lock.write(`# pack-refs with: sorted \n${lines.join('')}`);
      await lock.commit();
    });
    await syncFolder(this.folder);
  }

  #packed(): Map<string, ObjectId> {
    let text: string;
    try {
      text = readFileSync(join(this.folder, 'packed-refs'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    const refs = new Map<string, ObjectId>();
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#') || line.startsWith('^')) continue;
      const id = line.slice(0, 40);
      const name = line.slice(41);
      if (isObjectId(id) && isRefName(name)) refs.set(name, id);
    }
    return refs;
  }

  #loose(name: string): ObjectId | undefined {
    if (!isRefName(name)) return undefined;
    try {
      const text = readFileSync(join(this.folder, name), 'latin1').trim();
      if (isObjectId(text)) return text;
      // A symbolic ref is followed by nobody here. Anything else is a damage, and to pass over it would be to forget a branch.
      if (text.startsWith('ref: ')) return undefined;
      throw new GitRepositoryError(`the ref ${join(this.folder, name)} is damaged: it holds no id of an object`, { hint: 'restore it from a backup; the log of the repository (git reflog, git fsck) may tell what it was' });
    } catch (error) {
      if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  }

  #walk(folder: string, found: Map<string, ObjectId>): void {
    let entries;
    try {
      entries = readdirSync(join(this.folder, folder), { withFileTypes: true });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw error;
    }
    for (const entry of entries) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) this.#walk(name, found);
      else if (!entry.name.endsWith('.lock')) {
        const id = this.#loose(name);
        if (id) found.set(name, id);
      }
    }
  }

  /** The ref that keeps one of this name from existing: `refs/heads/a` and `refs/heads/a/b` cannot both be. */
  conflictOf(name: string): string | undefined {
    const packed = this.#packed();
    const parts = name.split('/');
    for (let length = 3; length < parts.length; length++) {
      const above = parts.slice(0, length).join('/');
      if (packed.has(above) || this.#loose(above)) return above;
    }
    const below = new Map<string, ObjectId>();
    this.#walk(name, below);
    return [...below.keys(), ...packed.keys()].find((other) => other.startsWith(`${name}/`));
  }

  /** The folder that holds a ref, and those above it that may be new. */
  async #syncAbove(name: string): Promise<void> {
    const parts = name.split('/');
    for (let length = parts.length - 1; length >= Math.min(2, parts.length - 1); length--) await syncFolder(join(this.folder, ...parts.slice(0, length)));
  }
}

function removeEmptyFolders(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeEmptyFolders(join(path, entry.name));
    rmdirSync(path);
  } catch {
    // Not a folder, or not empty: the rename that follows tells.
  }
}

/**
 * Takes away what a process that was killed left behind: lock files and half-written packs. Only for the one process that
 * owns the repository, before it serves it.
 */
export async function removeLeftovers(gitFolder: string): Promise<void> {
  const names = await readdir(join(gitFolder, 'refs'), { recursive: true });
  const locks = [...names.filter((name) => name.endsWith('.lock')).map((name) => join('refs', name)), 'packed-refs.lock', 'HEAD.lock'];
  const packs = (await readdir(join(gitFolder, 'objects', 'pack'))).filter((name) => name.startsWith('tmp_')).map((name) => join('objects', 'pack', name));
  for (const name of [...locks, ...packs]) await rm(join(gitFolder, name), { force: true });
}

