import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ObjectId, ObjectType } from '../objects/object.ts';
import { deflate } from './deflate.ts';
import { encodePackEntryHeader } from './pack-entry.ts';
import type { PackEntryKind } from './pack-entry.ts';

/** One object on its way into a pack. */
export type PackInput =
  | { readonly id: ObjectId; readonly type: ObjectType; readonly data: Buffer }
  /** A delta against an object that the reader has, or finds in the same pack. */
  | { readonly id: ObjectId; readonly base: ObjectId; readonly delta: Buffer }
  /** Bytes that are deflated already, as another pack held them. */
  | { readonly id: ObjectId; readonly kind: PackEntryKind; readonly size: number; readonly deflated: Buffer };

/** Where an object ended up, for the pack's index. */
export interface PackPlace {
  readonly id: ObjectId;
  readonly offset: number;
  readonly crc: number;
}

export interface WrittenPack {
  readonly pack: Buffer;
  /** In pack order. */
  readonly places: readonly PackPlace[];
  /** SHA-1 over the pack, its last 20 bytes. */
  readonly checksum: string;
}

/** A whole pack in memory. */
export function writePack(inputs: readonly PackInput[]): WrittenPack {
  const parts = [packHeader(inputs.length)];
  const places: PackPlace[] = [];
  let offset = 12;
  for (const input of inputs) {
    const bytes = packEntry(input);
    places.push({ id: input.id, offset, crc: crc32(bytes) });
    parts.push(bytes);
    offset += bytes.length;
  }
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  const checksum = hash.digest();
  return { pack: Buffer.concat([...parts, checksum]), places, checksum: checksum.toString('hex') };
}

/** A pack piece by piece, for sending: header, entries, checksum. `count` must be the number of inputs. */
export function* packChunks(count: number, inputs: Iterable<PackInput>): Generator<Buffer> {
  const hash = createHash('sha1');
  const header = packHeader(count);
  hash.update(header);
  yield header;
  for (const input of inputs) {
    const bytes = packEntry(input);
    hash.update(bytes);
    yield bytes;
  }
  yield hash.digest();
}

export function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

export function packEntry(input: PackInput): Buffer {
  if ('deflated' in input) return Buffer.concat([encodePackEntryHeader(input.kind, input.size), input.deflated]);
  if ('delta' in input) return Buffer.concat([encodePackEntryHeader({ type: 'ref-delta', base: input.base }, input.delta.length), deflate(input.delta)]);
  return Buffer.concat([encodePackEntryHeader({ type: input.type }, input.data.length), deflate(input.data, { tree: input.type === 'tree' })]);
}
