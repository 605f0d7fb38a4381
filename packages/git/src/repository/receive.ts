import { GitFormatError } from '../errors.ts';
import { decodeCommit, decodeTag } from '../objects/commit.ts';
import { zeroId } from '../objects/object.ts';
import type { GitObject, ObjectId } from '../objects/object.ts';
import { diffTrees } from '../objects/tree-diff.ts';
import { checkEntryName, decodeTree } from '../objects/tree.ts';
import { parsePack } from '../pack/pack-reader.ts';
import type { PackLimits, ParsedPack } from '../pack/pack-reader.ts';
import { writePack } from '../pack/pack-writer.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import { decodePackEntryHeader } from '../pack/pack-entry.ts';
import type { Repository } from './repository.ts';

/**
 * Takes a pack that somebody pushed: reads it whole, makes sure that everything its objects refer to is in it or here
 * already, and puts it on disk. Resolves when it is durable. No ref moves here.
 *
 * Throws a GitFormatError for a damaged or incomplete pack, a GitLimitError for too much; nothing is kept then.
 * Because no object ever enters without what it refers to, checking the new ones alone is enough.
 */
export async function receivePack(repository: Repository, bytes: Buffer, tips: readonly ObjectId[], options: { readonly limits?: PackLimits | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<ParsedPack> {
  const pack = await parsePack(bytes, { limits: options.limits, signal: options.signal, base: (id) => repository.objects.read(id) });
  checkComplete(repository, pack, tips);
  if (pack.places.length === 0) return pack;
  if (pack.externalBases.size === 0) await repository.objects.addPack(pack.bytes, pack.places, pack.checksum);
  else {
    const whole = writePack([...selfContained(pack)]);
    await repository.objects.addPack(whole.parts, whole.places, whole.checksum);
  }
  // The next push is compared with these.
  for (const place of pack.places) if (place.type === 'commit' || place.type === 'tree') repository.objects.remember(place.id, pack.read(place.id)!);
  return pack;
}

/** A thin pack cannot stand on disk: what leans on something outside is written whole. */
function* selfContained(pack: ParsedPack): Generator<PackInput> {
  const seen = new Set<ObjectId>();
  for (const place of pack.places) {
    if (seen.has(place.id)) continue;
    seen.add(place.id);
    const { kind, size, dataStart } = decodePackEntryHeader(pack.bytes, place.offset);
    if (kind.type === 'ofs-delta' || kind.type === 'ref-delta') yield { id: place.id, ...pack.read(place.id)! };
    else yield { id: place.id, kind, size, deflated: pack.bytes.subarray(dataStart, place.end) };
  }
}

function checkComplete(repository: Repository, pack: ParsedPack, tips: readonly ObjectId[]): void {
  const { objects } = repository;
  const need = (id: ObjectId, what: string): void => {
    if (!pack.has(id) && !objects.has(id)) throw new GitFormatError(`missing necessary objects: ${what} ${id}`);
  };
  const read = (id: ObjectId): GitObject | undefined => pack.read(id) ?? objects.read(id);
  const reached = new Set<ObjectId>();
  const compared = new Set<string>();
  const checkTree = (id: ObjectId, baseId: ObjectId | undefined): void => {
    // Pairs, not trees: a tree and its base may each be the other's base in turn, and what they share must be looked at too.
    if (compared.has(`${id}${baseId ?? ''}`) || !pack.has(id)) return;
    compared.add(`${id}${baseId ?? ''}`);
    reached.add(id);
    const data = pack.read(id)!.data;
    const base = baseId === undefined ? undefined : read(baseId);
    const entries = base?.type === 'tree' ? diffTrees(base.data, data) : decodeTree(data).map((after) => ({ name: after.name, before: undefined, after }));
    for (const { name, before, after } of entries) {
      if (after) checkEntryName(name);
      if (!after || after.mode === '160000') continue;
      need(after.id, after.mode === '40000' ? 'tree' : 'blob');
      if (after.mode === '40000') checkTree(after.id, before?.mode === '40000' ? before.id : undefined);
    }
  };
  for (const tip of tips) if (tip !== zeroId) need(tip, 'object');
  // Commits first: their trees are then compared with those of their parents, which takes the changed names alone.
  for (const place of pack.places) {
    if (place.type === 'commit') {
      const commit = decodeCommit(pack.read(place.id)!.data);
      need(commit.tree, 'tree');
      for (const parent of commit.parents) need(parent, 'commit');
      const parent = commit.parents.map((id) => read(id)).find((object) => object?.type === 'commit');
      checkTree(commit.tree, parent && decodeCommit(parent.data).tree);
    } else if (place.type === 'tag') {
      need(decodeTag(pack.read(place.id)!.data).object, 'object');
    }
  }
  for (const place of pack.places) if (place.type === 'tree' && !reached.has(place.id)) checkTree(place.id, undefined);
}
