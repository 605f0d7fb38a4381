import { GitFormatError } from '../../errors.ts';
import type { Commit } from '../../objects/commit.ts';
import type { ObjectId } from '../../objects/object.ts';
import { diffTrees } from '../../objects/tree-diff.ts';
import type { Repository } from '../../repository/repository.ts';

export interface LastCommit {
  readonly id: ObjectId;
  readonly commit: Commit;
}

/** Long histories are not walked to their end for a page: what is found in this time is shown. */
const budgetMs = 40;
const maxCommits = 500;

/** For each name in a folder, the commit that changed it last, along first parents, as far as a short look goes. */
export function lastCommits(repository: Repository, start: ObjectId, path: string, names: ReadonlySet<string>): Map<string, LastCommit> {
  const found = new Map<string, LastCommit>();
  const until = performance.now() + budgetMs;
  let id: ObjectId | undefined = start;
  for (let count = 0; id !== undefined && found.size < names.size && count < maxCommits && performance.now() < until; count++) {
    const commit: Commit = repository.objects.readCommit(id);
    const parent: ObjectId | undefined = commit.parents[0];
    for (const change of diffTrees(folderAt(repository, parent, path), folderAt(repository, id, path))) {
      if (names.has(change.name) && !found.has(change.name)) found.set(change.name, { id, commit });
    }
    id = parent !== undefined && repository.objects.has(parent) ? parent : undefined;
  }
  return found;
}

function folderAt(repository: Repository, commit: ObjectId | undefined, path: string): Buffer {
  if (commit === undefined || !repository.objects.has(commit)) return Buffer.alloc(0);
  try {
    const entry = repository.entryAt(repository.objects.readCommit(commit).tree, path);
    return entry?.mode === '40000' ? repository.objects.readAs('tree', entry.id) : Buffer.alloc(0);
  } catch (error) {
    if (error instanceof GitFormatError) return Buffer.alloc(0);
    throw error;
  }
}
