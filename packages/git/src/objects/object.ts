import { createHash, hash } from 'node:crypto';

/** SHA-1 of an object as 40 lower-case hex digits. */
export type ObjectId = string;

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

/** An object without its header. Never change `data`. */
export interface GitObject {
  readonly type: ObjectType;
  readonly data: Buffer;
}

/** "No object": the old value of a ref that is created, the new value of one that is deleted. */
export const zeroId: ObjectId = '0'.repeat(40);

/** The tree without entries; every repository is said to have it. */
export const emptyTreeId: ObjectId = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The id of an object: SHA-1 over `<type> <length>\0<data>`. */
export function hashObject(type: ObjectType, data: Uint8Array): ObjectId {
  const header = Buffer.from(`${type} ${data.length}\0`, 'latin1');
  if (data.length <= 16_384) return hash('sha1', Buffer.concat([header, data]), 'hex');
  return createHash('sha1').update(header).update(data).digest('hex');
}
