import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { GitFormatError, GitRepositoryError } from '../errors.ts';
import { IndexedTree } from '../objects/indexed-tree.ts';
import { encodeCommit } from '../objects/commit.ts';
import type { Commit } from '../objects/commit.ts';
import { decodeTag } from '../objects/commit.ts';
import { hashObject, zeroId } from '../objects/object.ts';
import type { ObjectId } from '../objects/object.ts';
import type { TreeMode } from '../objects/tree.ts';
import { writePack } from '../pack/pack-writer.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import { syncFolder } from './durable-file.ts';
import { ObjectDatabase } from './object-database.ts';
import { isBranchName } from './ref-name.ts';
import { RefStore } from './ref-store.ts';
import type { RefUpdateResult } from './ref-store.ts';

/** A bare repository on disk, in stock git's layout: `git clone`, `git fsck` and `git log` work on its path. */
export class Repository implements Disposable {
  readonly folder: string;
  readonly objects: ObjectDatabase;
  readonly refs: RefStore;

  private constructor(folder: string) {
    this.folder = folder;
    this.objects = new ObjectDatabase(join(folder, 'objects'));
    this.refs = new RefStore(folder);
  }

  /** Opens a bare repository that is there. Throws a {@link GitRepositoryError} when it is none. */
  static open(folder: string): Repository {
    const repository = new Repository(folder);
    if (!existsSync(join(folder, 'objects')) || !existsSync(join(folder, 'refs')) || !existsSync(join(folder, 'HEAD'))) {
      throw new GitRepositoryError(`${folder} is not a bare git repository`, { hint: 'it needs HEAD, objects/ and refs/' });
    }
    repository.refs.head();
    return repository;
  }

  /** Makes an empty bare repository whose HEAD points at `defaultBranch`, or opens what is there. All or nothing, durable. */
  static async ensure(folder: string, options: { readonly defaultBranch?: string } = {}): Promise<Repository> {
    const branch = options.defaultBranch ?? 'main';
    if (!isBranchName(branch)) throw new GitRepositoryError(`cannot create ${folder}: ${JSON.stringify(branch)} is not a branch name`);
    if (!existsSync(folder)) {
      const parent = dirname(folder);
      await mkdir(parent, { recursive: true });
      const temporary = join(parent, `.tmp-${randomBytes(8).toString('hex')}`);
      for (const part of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']) await mkdir(join(temporary, part), { recursive: true });
      await writeFile(join(temporary, 'HEAD'), `ref: refs/heads/${branch}\n`, { flush: true });
      await writeFile(join(temporary, 'config'), '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n', { flush: true });
      await syncFolder(temporary);
      try {
        await rename(temporary, folder);
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        // Somebody else made it in the meantime.
        if (!existsSync(join(folder, 'HEAD'))) throw error;
      }
      await syncFolder(parent);
      await syncFolder(dirname(parent));
    }
    return Repository.open(folder);
  }

  /** The branch that a clone checks out, short; undefined when HEAD is detached. */
  defaultBranch(): string | undefined {
    const head = this.refs.head();
    return 'branch' in head && head.branch.startsWith('refs/heads/') ? head.branch.slice('refs/heads/'.length) : undefined;
  }

  /** The commit that HEAD leads to, undefined while its branch has none. */
  headCommit(): ObjectId | undefined {
    const head = this.refs.head();
    return 'branch' in head ? this.refs.read(head.branch) : head.detached;
  }

  /** Follows annotated tags to the object they are about. */
  peel(id: ObjectId): ObjectId {
    let at = id;
    for (let depth = 0; depth < 10; depth++) {
      const object = this.objects.read(at);
      if (object?.type !== 'tag') return at;
      at = decodeTag(object.data).object;
    }
    throw new GitFormatError(`tag ${id} is nested too deep`);
  }

  /** What stands at `path` below a tree; the tree itself for `''`. */
  entryAt(tree: ObjectId, path: string): { readonly mode: TreeMode; readonly id: ObjectId } | undefined {
    let entry: { readonly mode: TreeMode; readonly id: ObjectId } | undefined = { mode: '40000', id: tree };
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (entry.mode !== '40000') return undefined;
      entry = IndexedTree.of(this.objects.readAs('tree', entry.id)).find(name);
      if (!entry) return undefined;
    }
    return entry;
  }

  /**
   * Adds objects and a commit of a tree among them and moves `branch` onto it, if the branch still is at the commit's first
   * parent (or does not exist, for a first commit).
   */
  async commit(branch: string, commit: Commit, objects: readonly PackInput[]): Promise<RefUpdateResult & { readonly id: ObjectId }> {
    const data = encodeCommit(commit);
    const id = hashObject('commit', data);
    const written = writePack([{ id, type: 'commit', data }, ...objects]);
    await this.objects.addPack(written.parts, written.places, written.checksum);
    const result = await this.refs.update({ name: `refs/heads/${branch}`, expected: commit.parents[0] ?? zeroId, next: id });
    return { ...result, id };
  }

  [Symbol.dispose](): void {
    this.objects.close();
  }
}
