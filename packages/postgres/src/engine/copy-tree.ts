import { chownSync, closeSync, constants, copyFileSync, fchownSync, fstatSync, fsync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
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
 * Copies a tree to a folder that is not there yet, for the owner alone (0700, files 0600), sharing blocks where
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
        if (owner) chownSync(target, owner.uid, owner.gid);
        continue;
      } catch {
        flags = 0; // The file system cannot share blocks; do not ask it a thousand times.
      }
    }
    copySparse(source, target, owner);
  }
  if (owner) for (const folder of all) chownSync(folder, owner.uid, owner.gid);
}

const blockBytes = 256 * 1024;
const block = Buffer.alloc(blockBytes);
const zeros = Buffer.alloc(blockBytes);

/** Blocks of zeros are left out: a fresh write-ahead log is 16 MB of them. */
function copySparse(from: string, to: string, owner: Owner | undefined): void {
  const source = openSync(from, 'r');
  // A cloning attempt that failed may have left an empty file.
  const target = openSync(to, 'w', 0o600);
  try {
    let at = 0;
    for (let count = readSync(source, block, 0, blockBytes, at); count > 0; count = readSync(source, block, 0, blockBytes, at)) {
      if (count < blockBytes || !block.equals(zeros)) writeSync(target, block, 0, count, at);
      at += count;
    }
    if (fstatSync(target).size < at) ftruncateSync(target, at);
    if (owner) fchownSync(target, owner.uid, owner.gid);
  } finally {
    closeSync(source);
    closeSync(target);
  }
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
