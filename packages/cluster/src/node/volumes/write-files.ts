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
 * one; files that are not wanted any more go.
 */
export function writeFiles(directory: string, files: readonly VolumeFile[], defaultMode: number, owner?: { readonly uid: number; readonly gid: number }): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const wanted = new Set<string>();
  for (const file of files) {
    const path = normalize(file.path);
    if (path.startsWith('..') || path.startsWith('/') || path === '.') throw new VolumeError(`path ${JSON.stringify(file.path)} leads out of the volume`);
    wanted.add(path.split('/')[0]!);
    const target = join(directory, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    const temporary = `${target}${TEMPORARY}`;
    writeFileSync(temporary, file.content, { mode: file.mode ?? defaultMode });
    // What may be read by its owner only (a token) is to be read by the container, which does not run as root.
    if (owner) chownSync(temporary, owner.uid, owner.gid);
    renameSync(temporary, target);
  }
  for (const name of readdirSync(directory)) {
    if (!wanted.has(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

const TEMPORARY = '.plinth-new';
