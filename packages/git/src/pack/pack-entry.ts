import { inflateSync } from 'node:zlib';
import type { Inflate } from 'node:zlib';
import { GitFormatError, GitLimitError } from '../errors.ts';
import type { ObjectId, ObjectType } from '../objects/object.ts';

/** How an object stands in a pack: whole, or as a delta against an earlier entry (`ofs`) or a named object (`ref`). */
export type PackEntryKind =
  | { readonly type: ObjectType }
  /** `distance` bytes before the entry's own offset. */
  | { readonly type: 'ofs-delta'; readonly distance: number }
  | { readonly type: 'ref-delta'; readonly base: ObjectId };

export interface PackEntryHeader {
  readonly kind: PackEntryKind;
  /** Of the inflated bytes (of the delta, for deltas). */
  readonly size: number;
  /** Where the zlib stream starts. */
  readonly dataStart: number;
}

const typeNumbers = { commit: 1, tree: 2, blob: 3, tag: 4, 'ofs-delta': 6, 'ref-delta': 7 } as const;
const typeNames: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag'];

export function encodePackEntryHeader(kind: PackEntryKind, size: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((typeNumbers[kind.type] << 4) | (size % 16) | (rest > 0 ? 0x80 : 0));
  while (rest > 0) {
    bytes.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    rest = Math.floor(rest / 0x80);
  }
  if (kind.type === 'ref-delta') return Buffer.concat([Buffer.from(bytes), Buffer.from(kind.base, 'hex')]);
  if (kind.type === 'ofs-delta') {
    // Big-endian, each byte but the last one more than it says.
    const distance = [kind.distance % 0x80];
    for (let value = Math.floor(kind.distance / 0x80); value > 0; value = Math.floor(value / 0x80)) {
      value--;
      distance.unshift((value % 0x80) | 0x80);
    }
    bytes.push(...distance);
  }
  return Buffer.from(bytes);
}

/** `packOffset`: where `bytes[offset]` lies in its pack, if `bytes` is a piece of one. */
export function decodePackEntryHeader(pack: Buffer, offset: number, packOffset: number = offset): PackEntryHeader {
  let at = offset;
  const next = (): number => {
    const byte = pack[at++];
    if (byte === undefined) throw new GitFormatError(`pack ends within the entry at ${offset}`);
    return byte;
  };
  let byte = next();
  const number = (byte >> 4) & 7;
  let size = byte & 0xf;
  for (let factor = 16; byte & 0x80; factor *= 0x80) {
    if (factor > 2 ** 46) throw new GitFormatError(`pack entry at ${offset} states an absurd size`);
    byte = next();
    size += (byte & 0x7f) * factor;
  }
  if (number === typeNumbers['ofs-delta']) {
    byte = next();
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = next();
      distance = (distance + 1) * 0x80 + (byte & 0x7f);
      if (distance > 2 ** 46) throw new GitFormatError(`pack entry at ${offset} has an absurd base offset`);
    }
    if (distance <= 0 || distance > packOffset) throw new GitFormatError(`pack entry at ${offset} has its base before the pack`);
    return { kind: { type: 'ofs-delta', distance }, size, dataStart: at };
  }
  if (number === typeNumbers['ref-delta']) {
    if (at + 20 > pack.length) throw new GitFormatError(`pack ends within the entry at ${offset}`);
    return { kind: { type: 'ref-delta', base: pack.toString('hex', at, at + 20) }, size, dataStart: at + 20 };
  }
  const type = typeNames[number];
  if (!type) throw new GitFormatError(`pack entry at ${offset} has the unknown type ${number}`);
  return { kind: { type }, size, dataStart: at };
}

/**
 * Inflates the zlib stream at `start`, which must give exactly `size` bytes; `end` is the first byte after the stream.
 * No more than `size` bytes are ever made, whatever the stream holds.
 */
export function inflateAt(bytes: Buffer, start: number, size: number): { readonly data: Buffer; readonly end: number } {
  let info: { readonly buffer: Buffer; readonly engine: Inflate };
  try {
    info = inflateSync(bytes.subarray(start), { info: true, maxOutputLength: Math.max(size, 1), chunkSize: Math.min(Math.max(size + 1, 64), 65_536) }) as unknown as typeof info;
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new GitFormatError(tooLong ? `zlib stream at ${start} is longer than the ${size} bytes it states` : `zlib stream at ${start} is damaged`, { cause: error });
  }
  if (info.buffer.length !== size) throw new GitFormatError(`zlib stream at ${start} holds ${info.buffer.length} bytes instead of ${size}`);
  return { data: info.buffer, end: start + info.engine.bytesWritten };
}

/** Refuses an object before it is inflated. */
export function checkObjectSize(size: number, maxObjectBytes: number): void {
  if (size > maxObjectBytes) throw new GitLimitError(`an object of ${size} bytes is larger than the ${maxObjectBytes} allowed`);
}
