import { hash } from 'node:crypto';
import { GitFormatError } from '../errors.ts';
import type { ObjectId } from '../objects/object.ts';
import type { PackPlace } from './pack-writer.ts';

const magic = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);

/** An index of version 2, as `git index-pack` would write it. */
export function encodePackIndex(places: readonly PackPlace[], packChecksum: string): Buffer {
  const sorted = places.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.offset - b.offset));
  const far = sorted.filter((place) => place.offset >= 0x8000_0000);
  const count = sorted.length;
  const index = Buffer.alloc(8 + 1024 + count * 28 + far.length * 8 + 40);
  magic.copy(index);
  const ids = 8 + 1024;
  const crcs = ids + count * 20;
  const offsets = crcs + count * 4;
  let farAt = offsets + count * 4;
  let farIndex = 0;
  const fanout = new Uint32Array(256);
  for (const [at, place] of sorted.entries()) {
    index.write(place.id, ids + at * 20, 'hex');
    fanout[index[ids + at * 20]!]!++;
    index.writeUInt32BE(place.crc >>> 0, crcs + at * 4);
    if (place.offset < 0x8000_0000) index.writeUInt32BE(place.offset, offsets + at * 4);
    else {
      index.writeUInt32BE((0x8000_0000 + farIndex++) >>> 0, offsets + at * 4);
      index.writeBigUInt64BE(BigInt(place.offset), farAt);
      farAt += 8;
    }
  }
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    sum += fanout[byte]!;
    index.writeUInt32BE(sum, 8 + byte * 4);
  }
  index.write(packChecksum, index.length - 40, 'hex');
  index.write(hash('sha1', index.subarray(0, index.length - 20), 'hex'), index.length - 20, 'hex');
  return index;
}

/** A version 2 index, opened for finding. Throws a {@link GitFormatError} when it is damaged. */
export class PackIndex {
  readonly count: number;
  readonly packChecksum: string;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    if (bytes.length < 1072 || !bytes.subarray(0, 8).equals(magic)) throw new GitFormatError('not a pack index of version 2');
    this.count = bytes.readUInt32BE(8 + 255 * 4);
    if (bytes.length < 1032 + this.count * 28 + 40) throw new GitFormatError('pack index is cut short');
    this.packChecksum = bytes.toString('hex', bytes.length - 40, bytes.length - 20);
    this.#bytes = bytes;
  }

  /** Checks the index's own checksum; costs a pass over all of it. */
  verify(): boolean {
    return hash('sha1', this.#bytes.subarray(0, -20), 'hex') === this.#bytes.toString('hex', this.#bytes.length - 20);
  }

  /** Offset in the pack of the object with these 20 bytes as its id. */
  find(id: Buffer): number | undefined {
    const bytes = this.#bytes;
    const first = id[0]!;
    let low = first === 0 ? 0 : bytes.readUInt32BE(8 + (first - 1) * 4);
    let high = bytes.readUInt32BE(8 + first * 4);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = 1032 + middle * 20;
      const order = bytes.compare(id, 0, 20, at, at + 20);
      if (order === 0) return this.offsetAt(middle);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  idAt(index: number): ObjectId {
    return this.#bytes.toString('hex', 1032 + index * 20, 1052 + index * 20);
  }

  crcAt(index: number): number {
    return this.#bytes.readUInt32BE(1032 + this.count * 20 + index * 4);
  }

  offsetAt(index: number): number {
    const offset = this.#bytes.readUInt32BE(1032 + this.count * 24 + index * 4);
    if (offset < 0x8000_0000) return offset;
    return Number(this.#bytes.readBigUInt64BE(1032 + this.count * 28 + (offset - 0x8000_0000) * 8));
  }

  /** Ids that start with these hex digits, at most `limit`. */
  startingWith(prefix: string, limit: number): ObjectId[] {
    const found: ObjectId[] = [];
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.idAt(middle) < prefix) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.count && found.length < limit && this.idAt(at).startsWith(prefix); at++) found.push(this.idAt(at));
    return found;
  }
}
