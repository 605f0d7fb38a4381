import { closeSync, openSync, readSync } from 'node:fs';
import { GitRepositoryError } from '../errors.ts';
import type { PackFile } from '../pack/pack-file.ts';
import type { Repository } from './repository.ts';

/**
 * Looks for damage where a disk or a person leaves it: packs that are cut short or belong to another index, refs that hold
 * no id or lead to nothing. Costs some reads per pack and ref, not a pass over the objects; `git fsck` makes that.
 *
 * Errors: {@link GitRepositoryError}, which names the file.
 */
export function checkRepository(repository: Repository): void {
  try {
    for (const pack of repository.objects.packs) checkPack(pack);
    for (const [name, id] of repository.refs.list()) {
      if (!repository.objects.has(id)) throw new Error(`${name} leads to ${id}, which is missing`);
    }
    const head = repository.headCommit();
    if (head) repository.objects.readCommit(repository.peel(head));
  } catch (error) {
    if (error instanceof GitRepositoryError) throw error;
    throw new GitRepositoryError(`${repository.folder} is damaged: ${(error as Error).message}`, { cause: error, hint: `restore ${repository.folder} from a backup; nothing in it was changed` });
  }
}

/** A pack ends with its checksum, which its index repeats. */
function checkPack(pack: PackFile): void {
  const trailer = Buffer.alloc(20);
  const file = openSync(`${pack.base}.pack`, 'r');
  try {
    readSync(file, trailer, 0, 20, Math.max(0, pack.bytes - 20));
  } finally {
    closeSync(file);
  }
  if (trailer.toString('hex') !== pack.index.packChecksum) throw new Error(`${pack.base}.pack is not whole: it does not end as its index says`);
}
