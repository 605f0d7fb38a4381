import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GitRepositoryError } from '../errors.ts';
import { signature } from '../objects/commit.ts';
import { buildTree } from '../objects/build-tree.ts';
import { checkRepository } from '../repository/check-repository.ts';
import { consolidate, isConsolidationDue } from '../repository/consolidate.ts';
import { manyLooseRefs, removeLeftovers } from '../repository/ref-store.ts';
import { Repository } from '../repository/repository.ts';
import type { RepositorySpec } from './options.ts';

/** Which repositories a data folder holds. */
export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** Open repositories: more are opened and closed as they are asked for. */
const maxOpen = 200;

/** The repositories below one folder, opened once each, joined up in the background when pushes have left many packs. */
export class RepositorySet implements AsyncDisposable {
  readonly #folder: string;
  readonly #consolidateAfter: number;
  readonly #log: (message: string, error: unknown, repository: string) => void;
  readonly #open = new Map<string, Repository>();
  readonly #busy = new Map<string, Promise<void>>();
  #closed = false;

  private constructor(folder: string, consolidateAfter: number, log: (message: string, error: unknown, repository: string) => void) {
    this.#folder = folder;
    this.#consolidateAfter = consolidateAfter;
    this.#log = log;
  }

  /** Clears away what a killed process left half done. */
  static async open(folder: string, options: { readonly consolidateAfter: number; readonly log: (message: string, error: unknown, repository: string) => void }): Promise<RepositorySet> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const set = new RepositorySet(resolve(folder), options.consolidateAfter, options.log);
    for (const { owner, name } of await set.list()) {
      await removeLeftovers(set.#path(owner, name));
      for (const entry of await readdir(join(set.#folder, owner))) if (entry.startsWith('.tmp-')) await rm(join(set.#folder, owner, entry), { recursive: true });
    }
    return set;
  }

  async list(): Promise<RepositoryName[]> {
    const found: RepositoryName[] = [];
    for (const owner of await readdir(this.#folder, { withFileTypes: true })) {
      if (!owner.isDirectory() || !isName(owner.name)) continue;
      for (const entry of await readdir(join(this.#folder, owner.name), { withFileTypes: true })) {
        const name = entry.name.endsWith('.git') ? entry.name.slice(0, -4) : '';
        if (entry.isDirectory() && isName(name)) found.push({ owner: owner.name, name });
      }
    }
    return found.sort((a, b) => (`${a.owner}/${a.name}` < `${b.owner}/${b.name}` ? -1 : 1));
  }

  /** Undefined when there is none of that name, or the name is no name. */
  get(owner: string, name: string): Repository | undefined {
    if (!isName(owner) || !isName(name) || this.#closed) return undefined;
    const key = `${owner}/${name}`;
    const open = this.#open.get(key);
    if (open) {
      this.#open.delete(key);
      this.#open.set(key, open);
      return open;
    }
    const path = this.#path(owner, name);
    if (!existsSync(join(path, 'HEAD'))) return undefined;
    return this.#keep(key, Repository.open(path));
  }

  /** Makes the repository if it is missing, with a first commit if that is asked for and it has none. Refuses a damaged one. */
  async ensure(spec: RepositorySpec): Promise<Repository> {
    if (!isName(spec.owner) || !isName(spec.name)) {
      throw new GitRepositoryError(`cannot create repository ${JSON.stringify(`${spec.owner}/${spec.name}`)}: not a valid name`, { hint: 'letters, digits, "-", "_" and "." are allowed' });
    }
    let repository = this.get(spec.owner, spec.name);
    if (!repository) {
      await Repository.ensure(this.#path(spec.owner, spec.name), spec.defaultBranch === undefined ? {} : { defaultBranch: spec.defaultBranch });
      repository = this.get(spec.owner, spec.name)!;
    } else checkRepository(repository);
    if (spec.initialFiles) await writeFirstCommit(repository, spec.initialFiles);
    return repository;
  }

  /** To be called after a push; starts to join packs when there are many. Returns at once. */
  tidy(owner: string, name: string): void {
    const key = `${owner}/${name}`;
    const repository = this.get(owner, name);
    if (!repository || this.#busy.has(key) || this.#closed) return;
    if (!isConsolidationDue(repository.objects, this.#consolidateAfter) && !this.#looseRefsDue(key, repository)) return;
    const work = (async (): Promise<void> => {
      try {
        await consolidate(repository.objects);
        if (repository.refs.looseCount() >= manyLooseRefs) await repository.refs.pack();
      } catch (error) {
        if (!this.#closed) this.#log('joining packs failed', error, key);
      } finally {
        this.#busy.delete(key);
      }
    })();
    this.#busy.set(key, work);
  }

  /** Waits for what is going on in the background. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.settle();
    for (const repository of this.#open.values()) repository[Symbol.dispose]();
    this.#open.clear();
  }

  readonly #pushes = new Map<string, number>();

  /** Counting files costs a walk, so look once in a while. */
  #looseRefsDue(key: string, repository: Repository): boolean {
    const pushes = (this.#pushes.get(key) ?? 0) + 1;
    this.#pushes.set(key, pushes % manyLooseRefs);
    return pushes === manyLooseRefs && repository.refs.looseCount() >= manyLooseRefs;
  }

  #keep(key: string, repository: Repository): Repository {
    this.#open.set(key, repository);
    for (const [oldest, other] of this.#open) {
      if (this.#open.size <= maxOpen) break;
      if (this.#busy.has(oldest)) continue;
      // Closing drops caches alone: whoever still holds it opens its files again.
      other[Symbol.dispose]();
      this.#open.delete(oldest);
    }
    return repository;
  }

  #path(owner: string, name: string): string {
    return join(this.#folder, owner, `${name}.git`);
  }
}

/** An owner's or a repository's name: one plain path segment. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name) && !name.includes('..') && !/\.(?:git|lock|wiki)$/i.test(name) && name !== '-';
}

async function writeFirstCommit(repository: Repository, files: Readonly<Record<string, string>>): Promise<void> {
  if (repository.headCommit() !== undefined) return;
  const { tree, objects } = buildTree(Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text, 'utf8') })));
  const who = signature('Plinth', 'plinth@localhost', new Date());
  await repository.commit(repository.defaultBranch() ?? 'main', { tree, parents: [], author: who, committer: who, message: 'Initial commit\n' }, objects);
}
