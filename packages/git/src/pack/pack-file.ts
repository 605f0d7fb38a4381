import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { GitFormatError, GitLimitError } from '../errors.ts';
import type { GitObject, ObjectId, ObjectType } from '../objects/object.ts';
import { applyDelta } from './delta.ts';
import { decodePackEntryHeader, inflateAt } from './pack-entry.ts';
import type { PackEntryKind } from './pack-entry.ts';
import { PackIndex } from './pack-index.ts';

/** An entry as its pack holds it. */
export interface RawPackEntry {
  readonly kind: PackEntryKind;
  readonly size: number;
  readonly deflated: Buffer;
}

const maxObjectBytes = 512 * 1024 * 1024;
const maxChain = 5000;

/**
 * A pack on disk with its index. The index is in memory, the pack is read entry by entry.
 * Its file stays open from the first read to {@link PackFile.close}, so it can be read while somebody deletes it.
 */
export class PackFile {
  /** Path without `.pack` and `.idx`. */
  readonly base: string;
  readonly index: PackIndex;
  readonly bytes: number;
  #file: number | undefined;
  #offsets: Float64Array | undefined;
  #idByOffset: Map<number, number> | undefined;

  constructor(base: string, packBytes: number) {
    this.base = base;
    this.bytes = packBytes;
    this.index = new PackIndex(readFileSync(`${base}.idx`));
  }

  /** The object that starts at `offset`, its deltas applied. */
  read(offset: number): GitObject {
    const deltas: Buffer[] = [];
    let at = offset;
    for (;;) {
      const entry = this.rawEntry(at);
      if (entry.size > maxObjectBytes) throw new GitLimitError(`${this.base}.pack holds an object of ${entry.size} bytes`);
      const { data } = inflateAt(entry.deflated, 0, entry.size);
      if (entry.kind.type !== 'ofs-delta' && entry.kind.type !== 'ref-delta') {
        const whole = deltas.toReversed().reduce((base, delta) => applyDelta(base, delta), data);
        return { type: entry.kind.type, data: whole };
      }
      deltas.push(data);
      if (deltas.length > maxChain) throw new GitFormatError(`${this.base}.pack has a delta chain that does not end`);
      at = this.#baseOffset(at, entry.kind);
    }
  }

  /** An object's type costs the headers of its chain alone. */
  typeAt(offset: number): ObjectType {
    let at = offset;
    for (let depth = 0; depth < maxChain; depth++) {
      const { kind } = this.rawEntry(at);
      if (kind.type !== 'ofs-delta' && kind.type !== 'ref-delta') return kind.type;
      at = this.#baseOffset(at, kind);
    }
    throw new GitFormatError(`${this.base}.pack has a delta chain that does not end`);
  }

  rawEntry(offset: number): RawPackEntry {
    const end = this.#endOf(offset);
    const bytes = Buffer.allocUnsafe(end - offset);
    this.#file ??= openSync(`${this.base}.pack`, 'r');
    for (let read = 0; read < bytes.length; ) {
      const count = readSync(this.#file, bytes, read, bytes.length - read, offset + read);
      if (count === 0) throw new GitFormatError(`${this.base}.pack ends before the entry at ${offset}`);
      read += count;
    }
    const header = decodePackEntryHeader(bytes, 0, offset);
    return { kind: header.kind, size: header.size, deflated: bytes.subarray(header.dataStart) };
  }

  /** Id of the object that a delta starts from. */
  baseIdOf(offset: number, kind: PackEntryKind): ObjectId | undefined {
    if (kind.type === 'ref-delta') return kind.base;
    if (kind.type !== 'ofs-delta') return undefined;
    const baseOffset = offset - kind.distance;
    this.#idByOffset ??= new Map(Array.from({ length: this.index.count }, (_, at) => [this.index.offsetAt(at), at]));
    const at = this.#idByOffset.get(baseOffset);
    return at === undefined ? undefined : this.index.idAt(at);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#idByOffset = undefined;
  }

  #baseOffset(offset: number, kind: PackEntryKind): number {
    if (kind.type === 'ofs-delta') return offset - kind.distance;
    const found = kind.type === 'ref-delta' ? this.index.find(Buffer.from(kind.base, 'hex')) : undefined;
    if (found === undefined) throw new GitFormatError(`${this.base}.pack lacks the base of the delta at ${offset}`);
    return found;
  }

  #endOf(offset: number): number {
    this.#offsets ??= Float64Array.from({ length: this.index.count }, (_, at) => this.index.offsetAt(at)).sort();
    const offsets = this.#offsets;
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offsets[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low < offsets.length ? offsets[low]! : this.bytes - 20;
  }
}
