import { closeSync, constants, copyFileSync, chownSync, fsync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Tree {
  /** Relative; parents before children; the root itself is not listed. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** All folders and regular files below a folder. PostgreSQL's data directories hold nothing else until tablespaces come. */
export function listTree(root: string): Tree {
  const folders: string[] = [];
  const files: string[] = [];
  const walk = (relative: string): void => {
    for (const entry of readdirSync(join(root, relative), { withFileTypes: true })) {
      const path = relative ? `${relative}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        folders.push(path);
        walk(path);
      } else if (entry.isFile()) {
        files.push(path);
      }
    }
  };
  walk('');
  return { folders, files };
}

/**
 * Copies a tree to a folder that is not there yet, for the owner alone (0700, files keep their mode), sharing blocks where
 * the file system can. Blocks the thread: one call per file is several times faster than going through the thread
 * pool. Call it in a worker.
 */
export function copyTree(from: string, to: string, tree: Tree, owner: Owner | undefined): void {
  const all = [to, ...tree.folders.map((folder) => join(to, folder))];
  for (const folder of all) mkdirSync(folder, { mode: 0o700 });
  let flags = constants.COPYFILE_FICLONE_FORCE;
  for (const file of tree.files) {
    const [source, target] = [join(from, file), join(to, file)];
    if (flags !== 0) {
      try {
        copyFileSync(source, target, flags);
      } catch {
        flags = 0; // The file system cannot share blocks; do not ask it a thousand times.
      }
    }
    if (flags === 0) copyFileSync(source, target);
    if (owner) chownSync(target, owner.uid, owner.gid);
  }
  if (owner) for (const folder of all) chownSync(folder, owner.uid, owner.gid);
}

/** Resolves when every file and folder of the tree is on disk. Several at once: the file system then commits them together. */
export async function syncTree(root: string, tree: Tree): Promise<void> {
  const queue = [root, ...tree.folders.map((folder) => join(root, folder)), ...tree.files.map((file) => join(root, file))];
  const lanes = Array.from({ length: 8 }, async () => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) await syncPath(path);
  });
  await Promise.all(lanes);
}

/** Makes one file or folder durable. A file that is gone (PostgreSQL removed it meanwhile) needs no syncing. */
export async function syncPath(path: string): Promise<void> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await new Promise<void>((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
  } finally {
    closeSync(fd);
  }
}
