import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
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
export function writeFiles(directory: string, files: readonly VolumeFile[], defaultMode: number, owner?: { readonly uid: number; readonly gid: number }): void {
  // Nobody reads what has just been made; after a crash in between it is there, and is made right.
  const isNew = makeDirectory(directory, 0o755);
  const wanted = new Set<string>();
  // Of those that a projected volume puts at one path, the last one counts.
  for (const [path, file] of new Map(files.map((each) => [normalize(each.path), each]))) {
    if (path.startsWith('..') || path.startsWith('/') || path === '.') throw new VolumeError(`path ${JSON.stringify(file.path)} leads out of the volume`);
    wanted.add(path.split('/')[0]!);
    const target = join(directory, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    const written = isNew ? target : `${target}${TEMPORARY}`;
    writeFileSync(written, file.content, { mode: file.mode ?? defaultMode });
    // What may be read by its owner only (a token) is to be read by the container, which does not run as root.
    if (owner) chownSync(written, owner.uid, owner.gid);
    if (!isNew) renameSync(written, target);
  }
  if (isNew) return;
  for (const name of readdirSync(directory)) {
    if (!wanted.has(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Says whether it was not there yet. */
export function makeDirectory(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

const TEMPORARY = '.plinth-new';
