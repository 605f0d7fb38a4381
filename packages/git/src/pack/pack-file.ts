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

/** How much one read ahead brings. */
const aheadBytes = 256 * 1024;

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
  #window: { readonly start: number; readonly bytes: Buffer } | undefined;
  #idByOffset: Map<number, number> | undefined;

  constructor(base: string, packBytes: number) {
    this.base = base;
    this.bytes = packBytes;
    this.index = new PackIndex(readFileSync(`${base}.idx`));
  }

  /** The object that starts at `offset`, its deltas applied. `atHand`: bases that need not be read. */
  read(offset: number, atHand: (id: ObjectId) => GitObject | undefined = () => undefined): GitObject {
    const deltas: Buffer[] = [];
    let at = offset;
    for (;;) {
      const entry = this.rawEntry(at);
      if (entry.size > maxObjectBytes) throw new GitLimitError(`${this.base}.pack holds an object of ${entry.size} bytes`);
      const { data } = inflateAt(entry.deflated, 0, entry.size);
      if (entry.kind.type !== 'ofs-delta' && entry.kind.type !== 'ref-delta') {
        return { type: entry.kind.type, data: applyAll(data, deltas) };
      }
      deltas.push(data);
      const known = entry.kind.type === 'ref-delta' ? atHand(entry.kind.base) : undefined;
      if (known) return { type: known.type, data: applyAll(known.data, deltas) };
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

  /** `ahead`: more will be asked for, at rising offsets, and not be kept for long; then one read brings many entries. */
  rawEntry(offset: number, ahead = false): RawPackEntry {
    const bytes = this.#bytesAt(offset, this.#endOf(offset) - offset, ahead);
    const header = decodePackEntryHeader(bytes, 0, offset);
    return { kind: header.kind, size: header.size, deflated: bytes.subarray(header.dataStart) };
  }

  #bytesAt(offset: number, length: number, ahead: boolean): Buffer {
    const window = this.#window;
    if (ahead && window && offset >= window.start && offset + length <= window.start + window.bytes.length) return window.bytes.subarray(offset - window.start, offset - window.start + length);
    const wanted = ahead ? Math.max(length, Math.min(aheadBytes, this.bytes - offset)) : length;
    const bytes = Buffer.allocUnsafe(wanted);
    this.#file ??= openSync(`${this.base}.pack`, 'r');
    for (let read = 0; read < wanted; ) {
      const count = readSync(this.#file, bytes, read, wanted - read, offset + read);
      if (count === 0) throw new GitFormatError(`${this.base}.pack ends before the entry at ${offset}`);
      read += count;
    }
    if (!ahead) return bytes;
    this.#window = { start: offset, bytes };
    return bytes.subarray(0, length);
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
    this.dropWindow();
    this.#idByOffset = undefined;
  }

  /** Lets go of what was read ahead. */
  dropWindow(): void {
    this.#window = undefined;
  }

  /** All offsets, rising, each with the place of its object in the index. */
  inOrder(): readonly { readonly offset: number; readonly at: number }[] {
    return Array.from({ length: this.index.count }, (_, at) => ({ offset: this.index.offsetAt(at), at })).sort((a, b) => a.offset - b.offset);
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

/** `deltas`: the last one to apply first. */
function applyAll(base: Buffer, deltas: readonly Buffer[]): Buffer {
  return deltas.toReversed().reduce((data, delta) => applyDelta(data, delta), base);
}
