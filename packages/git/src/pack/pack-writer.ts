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
  /** The pack in pieces: small ones joined, large ones as they were made. */
  readonly parts: readonly Buffer[];
  /** The pack as a whole; a copy, made when asked for. */
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
    const [header, data] = packEntry(input);
    places.push({ id: input.id, offset, crc: crc32(data, crc32(header)) });
    parts.push(header, data);
    offset += header.length + data.length;
  }
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  const checksum = hash.digest();
  parts.push(checksum);
  const joined = joinSmall(parts);
  return {
    parts: joined,
    places,
    checksum: checksum.toString('hex'),
    get pack() {
      return Buffer.concat(joined);
    },
  };
}

/** Pieces from here on are not worth a copy. */
const largeBytes = 65_536;

function joinSmall(parts: readonly Buffer[]): Buffer[] {
  const joined: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = (): void => {
    if (small.length > 0) joined.push(small.length === 1 ? small[0]! : Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length < largeBytes) {
      small.push(part);
      continue;
    }
    flush();
    joined.push(part);
  }
  flush();
  return joined;
}

/** A pack piece by piece, for sending: header, entries, checksum. `count` must be the number of inputs. */
export function* packChunks(count: number, inputs: Iterable<PackInput>): Generator<Buffer> {
  const hash = createHash('sha1');
  const header = packHeader(count);
  hash.update(header);
  yield header;
  for (const input of inputs) {
    for (const part of packEntry(input)) {
      hash.update(part);
      yield part;
    }
  }
  yield hash.digest();
}

function packHeader(count: number): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

function packEntry(input: PackInput): readonly [header: Buffer, data: Buffer] {
  if ('deflated' in input) return [encodePackEntryHeader(input.kind, input.size), input.deflated];
  if ('delta' in input) return [encodePackEntryHeader({ type: 'ref-delta', base: input.base }, input.delta.length), deflate(input.delta)];
  return [encodePackEntryHeader({ type: input.type }, input.data.length), deflate(input.data, { tree: input.type === 'tree' })];
}
