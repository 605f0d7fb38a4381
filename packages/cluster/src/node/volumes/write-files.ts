import { closeSync, fchownSync, mkdirSync, open, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { VolumeError } from '../errors.ts';

export interface VolumeFile {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode?: number;
}

/**
 * Makes the files of a directory what they should be: each is replaced whole, so that a reader sees the old or the new
 * one; files that are not wanted any more go. The folder above the directory must be there.
 */
export async function writeFiles(directory: string, files: readonly VolumeFile[], defaultMode: number, owner?: { readonly uid: number; readonly gid: number }): Promise<void> {
  // Nobody reads what has just been made; after a crash in between it is there, and is made right.
  const isNew = await makeDirectory(directory, 0o755);
  const wanted = new Set<string>();
  // Of those that a projected volume puts at one path, the last one counts.
  for (const [path, file] of new Map(files.map((each) => [normalize(each.path), each]))) {
    if (path.startsWith('..') || path.startsWith('/') || path === '.') throw new VolumeError(`path ${JSON.stringify(file.path)} leads out of the volume`);
    wanted.add(path.split('/')[0]!);
    const target = join(directory, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    const written = isNew ? target : `${target}${TEMPORARY}`;
    const descriptor = await openFile(written, 'w', file.mode ?? defaultMode);
    try {
      writeFileSync(descriptor, file.content);
      // What may be read by its owner only (a token) is to be read by the container, which does not run as root.
      if (owner) fchownSync(descriptor, owner.uid, owner.gid);
    } finally {
      closeSync(descriptor);
    }
    if (!isNew) renameSync(written, target);
  }
  if (isNew) return;
  for (const name of readdirSync(directory)) {
    if (!wanted.has(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Off the main thread, as is `mkdir`: finding a free inode is slow at times, and what follows is not. */
const openFile = promisify(open);

/** Says whether it was not there yet. */
export async function makeDirectory(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

const TEMPORARY = '.plinth-new';
