import type { ObjectId } from '../objects/object.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import { GitFormatError } from '../errors.ts';
import type { ObjectDatabase, PackedPlace } from './object-database.ts';

/** Longest chain of deltas that is passed on as it is. */
const maxChain = 200;

/**
 * The objects of `ids` for a pack. Bytes that a pack on disk holds deflated are passed on as they are; deltas too, as long
 * as their base is sent as well.
 */
export function* packInputs(objects: ObjectDatabase, ids: readonly ObjectId[]): Generator<PackInput> {
  const sent = new Set(ids);
  for (const id of ids) yield packInput(objects, id, sent);
}

function packInput(objects: ObjectDatabase, id: ObjectId, sent: ReadonlySet<ObjectId>): PackInput {
  const place = objects.locate(id);
  if (place) {
    const raw = place.pack.rawEntry(place.offset);
    const base = place.pack.baseIdOf(place.offset, raw.kind);
    if (base === undefined && raw.kind.type !== 'ofs-delta') return { id, ...raw };
    if (base !== undefined && sent.has(base) && chainEnds(objects, id, base, sent)) return { id, kind: { type: 'ref-delta', base }, size: raw.size, deflated: raw.deflated };
  }
  const object = objects.read(id);
  if (!object) throw new GitFormatError(`object ${id} is missing`);
  return { id, ...object };
}

/**
 * Two packs may hold the same pair of objects as deltas of each other. Follow the bases that would be sent, to see that they
 * come to an end.
 */
function chainEnds(objects: ObjectDatabase, id: ObjectId, base: ObjectId, sent: ReadonlySet<ObjectId>): boolean {
  const seen = new Set([id]);
  for (let at: ObjectId | undefined = base; at !== undefined; ) {
    if (seen.has(at) || seen.size > maxChain) return false;
    seen.add(at);
    const place: PackedPlace | undefined = objects.locate(at);
    const next: ObjectId | undefined = place && place.pack.baseIdOf(place.offset, place.pack.rawEntry(place.offset).kind);
    at = next !== undefined && sent.has(next) ? next : undefined;
  }
  return true;
}
