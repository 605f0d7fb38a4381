import { readFileSync } from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { GitFormatError } from '../errors.ts';
import type { GitObject, ObjectId, ObjectType } from '../objects/object.ts';
import { syncFolder, writeDurably } from './durable-file.ts';

const maxLooseBytes = 512 * 1024 * 1024;

export function loosePath(objectsFolder: string, id: ObjectId): string {
  return join(objectsFolder, id.slice(0, 2), id.slice(2));
}

/** The object if it lies loose, undefined if it does not. Throws a {@link GitFormatError} for damage. */
export function readLooseObject(objectsFolder: string, id: ObjectId): GitObject | undefined {
  let file: Buffer;
  try {
    file = readFileSync(loosePath(objectsFolder, id));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let bytes: Buffer;
  try {
    bytes = inflateSync(file, { maxOutputLength: maxLooseBytes });
  } catch (error) {
    throw new GitFormatError(`loose object ${id} is damaged`, { cause: error });
  }
  const nul = bytes.indexOf(0);
  const match = /^(commit|tree|blob|tag) (\d+)$/.exec(bytes.toString('latin1', 0, Math.max(0, Math.min(nul, 40))));
  if (!match || Number(match[2]) !== bytes.length - nul - 1) throw new GitFormatError(`loose object ${id} has a damaged header`);
  return { type: match[1] as ObjectType, data: bytes.subarray(nul + 1) };
}

/** Writes an object loose and durably; does nothing when it is there. */
export async function writeLooseObject(objectsFolder: string, id: ObjectId, object: GitObject): Promise<void> {
  const target = loosePath(objectsFolder, id);
  const folder = join(objectsFolder, id.slice(0, 2));
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `tmp_obj_${randomBytes(8).toString('hex')}`);
  await writeDurably(temporary, deflateSync(Buffer.concat([Buffer.from(`${object.type} ${object.data.length}\0`), object.data]), { level: 1 }), 0o444);
  try {
    // A link, unlike a rename, never replaces what is there.
    await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  await syncFolder(objectsFolder);
}
