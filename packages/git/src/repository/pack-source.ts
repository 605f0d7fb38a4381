import { GitFormatError } from '../errors.ts';
import type { ObjectId } from '../objects/object.ts';
import type { RawPackEntry } from '../pack/pack-file.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import type { ObjectDatabase, PackedPlace } from './object-database.ts';

/** Longest chain of deltas that is passed on as it is. */
const maxChain = 200;

/**
 * The objects of `ids` for a pack, in the order in which they are read best. Bytes that a pack on disk holds deflated are
 * passed on as they are; deltas too, as long as their base is sent as well.
 *
 * Which copy of an object counts, where several packs have it, is settled at the beginning: two packs may hold a pair of objects as
 * deltas of each other, and half from here, half from there would make a circle. A pack that goes away
 * meanwhile does no harm: its objects are then sent whole.
 */
export function* packInputs(objects: ObjectDatabase, ids: readonly ObjectId[]): Generator<PackInput> {
  const source = new PackSource(objects, ids);
  for (const id of source.order) yield source.input(id);
  source.done();
}

class PackSource {
  readonly order: readonly ObjectId[];
  readonly #objects: ObjectDatabase;
  readonly #places: ReadonlyMap<ObjectId, PackedPlace | undefined>;
  /** Objects whose chain of deltas is known to come to an end. */
  readonly #ending = new Set<ObjectId>();

  constructor(objects: ObjectDatabase, ids: readonly ObjectId[]) {
    this.#objects = objects;
    const places = new Map(ids.map((id) => [id, objects.locate(id)]));
    const rank = new Map([...new Set([...places.values()].map((place) => place?.pack))].map((pack, at) => [pack, at]));
    this.#places = places;
    this.order = [...places].sort(([, a], [, b]) => rank.get(a?.pack)! - rank.get(b?.pack)! || (a?.offset ?? 0) - (b?.offset ?? 0)).map(([id]) => id);
  }

  input(id: ObjectId): PackInput {
    const place = this.#places.get(id);
    const raw = place && read(place, true);
    if (place && raw) {
      const base = place.pack.baseIdOf(place.offset, raw.kind);
      if (base === undefined && raw.kind.type !== 'ofs-delta') return { id, ...raw };
      if (base !== undefined && this.#places.has(base) && this.#ends(id, base)) return { id, kind: { type: 'ref-delta', base }, size: raw.size, deflated: raw.deflated };
    }
    const object = this.#objects.read(id);
    if (!object) throw new GitFormatError(`object ${id} is missing`);
    return { id, ...object };
  }

  done(): void {
    for (const place of this.#places.values()) place?.pack.dropWindow();
  }

  #ends(id: ObjectId, base: ObjectId): boolean {
    const path = new Set([id]);
    for (let at: ObjectId | undefined = base; at !== undefined && !this.#ending.has(at); ) {
      if (path.has(at) || path.size > maxChain) return false;
      path.add(at);
      const place: PackedPlace | undefined = this.#places.get(at);
      const raw: RawPackEntry | undefined = place && read(place, false);
      const next: ObjectId | undefined = place && raw && place.pack.baseIdOf(place.offset, raw.kind);
      at = next !== undefined && this.#places.has(next) ? next : undefined;
    }
    for (const each of path) this.#ending.add(each);
    return true;
  }
}

function read(place: PackedPlace, ahead: boolean): RawPackEntry | undefined {
  try {
    return place.pack.rawEntry(place.offset, ahead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
