import { hash } from 'node:crypto';
import { setImmediate as immediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { GitFormatError, GitLimitError } from '../errors.ts';
import { hashObject } from '../objects/object.ts';
import type { GitObject, ObjectId, ObjectType } from '../objects/object.ts';
import { applyDelta, deltaSizes } from './delta.ts';
import { checkObjectSize, decodePackEntryHeader, inflateAt } from './pack-entry.ts';
import type { PackPlace } from './pack-writer.ts';

export interface PackLimits {
  readonly maxObjects?: number;
  readonly maxObjectBytes?: number;
  /** All objects together, inflated. */
  readonly maxTotalBytes?: number;
}

const defaults = { maxObjects: 1_000_000, maxObjectBytes: 100 * 1024 * 1024, maxTotalBytes: 1024 * 1024 * 1024 } as const;

/** Inflated bytes that a parsed pack keeps at hand; the rest is inflated again when asked for. */
const keepBytes = 64 * 1024 * 1024;

/** Objects between two turns of the event loop. */
const yieldEvery = 500;

interface Entry {
  readonly offset: number;
  readonly end: number;
  readonly dataStart: number;
  readonly size: number;
  readonly crc: number;
  readonly baseOffset: number | undefined;
  readonly baseId: ObjectId | undefined;
  id: ObjectId | undefined;
  type: ObjectType | undefined;
  data: Buffer | undefined;
}

/** A pack in memory whose every object has been inflated, resolved and hashed once. */
export interface ParsedPack {
  readonly bytes: Buffer;
  readonly checksum: string;
  /** In pack order; what an index needs. */
  readonly places: readonly (PackPlace & { readonly type: ObjectType; readonly end: number })[];
  /** Objects outside the pack that some delta starts from: such a pack cannot stand on disk as it is. */
  readonly externalBases: ReadonlySet<ObjectId>;
  has(id: ObjectId): boolean;
  read(id: ObjectId): GitObject | undefined;
}

/**
 * Reads a whole pack: offset and reference deltas in any order, deltas against `base` objects outside (thin packs).
 * Throws a {@link GitFormatError} for damage (checksums included) and a {@link GitLimitError} beyond the limits, before
 * memory is spent. Gives way to other work now and then.
 */
export async function parsePack(bytes: Buffer, options: { readonly limits?: PackLimits | undefined; readonly base?: (id: ObjectId) => GitObject | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<ParsedPack> {
  const reader = new PackReader(bytes, options);
  return reader.parse();
}

class PackReader {
  readonly #bytes: Buffer;
  readonly #base: (id: ObjectId) => GitObject | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #limits: Required<PackLimits>;
  readonly #byOffset = new Map<number, Entry>();
  readonly #byId = new Map<ObjectId, Entry>();
  readonly #external = new Map<ObjectId, GitObject>();
  #total = 0;
  #kept = 0;

  constructor(bytes: Buffer, options: { readonly limits?: PackLimits | undefined; readonly base?: (id: ObjectId) => GitObject | undefined; readonly signal?: AbortSignal | undefined }) {
    this.#bytes = bytes;
    this.#base = options.base ?? ((): undefined => undefined);
    this.#signal = options.signal;
    this.#limits = { ...defaults, ...Object.fromEntries(Object.entries(options.limits ?? {}).filter(([, value]) => value !== undefined)) };
  }

  async parse(): Promise<ParsedPack> {
    const bytes = this.#bytes;
    if (bytes.length < 32 || bytes.toString('latin1', 0, 4) !== 'PACK') throw new GitFormatError('not a pack: it does not begin with "PACK"');
    const version = bytes.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw new GitFormatError(`pack has version ${version}, 2 and 3 are known`);
    const count = bytes.readUInt32BE(8);
    if (count > this.#limits.maxObjects) throw new GitLimitError(`pack holds ${count} objects, at most ${this.#limits.maxObjects} are allowed`);
    const body = bytes.subarray(0, bytes.length - 20);
    const checksum = hash('sha1', body, 'hex');
    if (checksum !== bytes.toString('hex', body.length)) throw new GitFormatError('pack is damaged: its checksum does not match');
    await this.#scan(body, count);
    await this.#resolve();
    const entries = [...this.#byOffset.values()];
    return {
      bytes,
      checksum,
      places: entries.map((entry) => ({ id: entry.id!, offset: entry.offset, crc: entry.crc, type: entry.type!, end: entry.end })),
      externalBases: new Set(this.#external.keys()),
      has: (id) => this.#byId.has(id),
      read: (id) => {
        const entry = this.#byId.get(id);
        return entry && { type: entry.type!, data: this.#dataOf(entry) };
      },
    };
  }

  async #scan(body: Buffer, count: number): Promise<void> {
    let at = 12;
    for (let index = 0; index < count; index++) {
      if (index % yieldEvery === yieldEvery - 1) await this.#giveWay();
      const offset = at;
      const { kind, size, dataStart } = decodePackEntryHeader(body, offset);
      this.#account(size);
      const { data, end } = inflateAt(body, dataStart, size);
      at = end;
      const delta = kind.type === 'ofs-delta' || kind.type === 'ref-delta';
      const entry: Entry = {
        offset,
        end,
        dataStart,
        size,
        crc: crc32(body.subarray(offset, end)),
        baseOffset: kind.type === 'ofs-delta' ? offset - kind.distance : undefined,
        baseId: kind.type === 'ref-delta' ? kind.base : undefined,
        id: undefined,
        type: undefined,
        data: undefined,
      };
      this.#byOffset.set(offset, entry);
      if (delta) {
        const { result } = deltaSizes(data);
        this.#account(result);
      } else {
        this.#settle(entry, kind.type as ObjectType, data);
      }
    }
    if (at !== body.length) throw new GitFormatError(`pack has ${body.length - at} bytes after its last object`);
  }

  /** Deltas may lean on what comes later, or on each other, so go round until nothing moves any more. */
  async #resolve(): Promise<void> {
    let open = [...this.#byOffset.values()].filter((entry) => entry.id === undefined);
    let work = 0;
    while (open.length > 0) {
      const still: Entry[] = [];
      for (const entry of open) {
        if (++work % yieldEvery === 0) await this.#giveWay();
        const base = this.#baseOf(entry);
        if (!base) still.push(entry);
        else this.#settle(entry, base.type, applyDelta(base.data, inflateAt(this.#bytes, entry.dataStart, entry.size).data));
      }
      if (still.length === open.length && !this.#fetchExternal(still)) {
        throw new GitFormatError(`pack is not complete: the base ${still[0]!.baseId ?? `at ${still[0]!.baseOffset}`} of a delta is missing`);
      }
      open = still;
    }
  }

  #baseOf(entry: Entry): GitObject | undefined {
    const base = entry.baseOffset === undefined ? this.#byId.get(entry.baseId!) : this.#byOffset.get(entry.baseOffset);
    if (entry.baseOffset !== undefined && !base) throw new GitFormatError(`pack entry at ${entry.offset} has its base at ${entry.baseOffset}, where no entry begins`);
    if (base?.id !== undefined) return { type: base.type!, data: this.#dataOf(base) };
    return entry.baseId === undefined ? undefined : this.#external.get(entry.baseId);
  }

  /** Asked only for what the pack itself cannot give. */
  #fetchExternal(open: readonly Entry[]): boolean {
    let found = false;
    for (const entry of open) {
      if (entry.baseId === undefined || this.#external.has(entry.baseId) || this.#byId.has(entry.baseId)) continue;
      const object = this.#base(entry.baseId);
      if (!object) continue;
      this.#external.set(entry.baseId, object);
      found = true;
    }
    return found;
  }

  #settle(entry: Entry, type: ObjectType, data: Buffer): void {
    entry.type = type;
    entry.id = hashObject(type, data);
    if (!this.#byId.has(entry.id)) this.#byId.set(entry.id, entry);
    if (this.#kept + data.length > keepBytes) return;
    this.#kept += data.length;
    entry.data = data;
  }

  #dataOf(entry: Entry): Buffer {
    const chain: Entry[] = [];
    let data: Buffer | undefined;
    for (let at: Entry = entry; data === undefined; ) {
      data = at.data;
      if (data !== undefined) break;
      const own = inflateAt(this.#bytes, at.dataStart, at.size).data;
      if (at.baseOffset === undefined && at.baseId === undefined) {
        data = own;
        break;
      }
      chain.push(at);
      const base = at.baseOffset === undefined ? this.#byId.get(at.baseId!) : this.#byOffset.get(at.baseOffset);
      if (base?.id !== undefined) at = base;
      else data = this.#external.get(at.baseId!)!.data;
    }
    for (const delta of chain.toReversed()) data = applyDelta(data, inflateAt(this.#bytes, delta.dataStart, delta.size).data);
    return data;
  }

  #account(size: number): void {
    checkObjectSize(size, this.#limits.maxObjectBytes);
    this.#total += size;
    if (this.#total > this.#limits.maxTotalBytes) throw new GitLimitError(`pack inflates to more than the ${this.#limits.maxTotalBytes} bytes allowed`);
  }

  async #giveWay(): Promise<void> {
    await immediate();
    this.#signal?.throwIfAborted();
  }
}
