import { existsSync } from 'node:fs';
import { setImmediate as immediate } from 'node:timers/promises';
import { GitFormatError } from '../errors.ts';
import type { ObjectId } from '../objects/object.ts';
import { diffTrees } from '../objects/tree-diff.ts';
import { applyDelta, encodeDelta } from '../pack/delta.ts';
import type { PackFile } from '../pack/pack-file.ts';
import { writePack } from '../pack/pack-writer.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import type { ObjectDatabase } from './object-database.ts';

/** Packs are joined in memory, so only up to this much; larger ones stay as they are. */
const maxJoinedBytes = 32 * 1024 * 1024;

/** What a push of our own leaves is below this; only such packs make joining worth while. */
const smallObjects = 1000;
const smallBytes = 4 * 1024 * 1024;

/** Steps from an object to the whole one that its deltas end at. */
const maxDepth = 50;

/** Trees shorter than this stay whole. */
const deltaFromBytes = 256;

/** Whether pushes have left at least `after` small packs. */
export function isConsolidationDue(objects: ObjectDatabase, after: number): boolean {
  return objects.packs.filter((pack) => pack.index.count < smallObjects && pack.bytes < smallBytes).length >= after;
}

/**
 * Joins small packs into one, and replaces trees that a later commit changed in one place by the difference. Packs are chosen
 * so that each that stays has twice as many objects as all smaller ones together: an object is copied a few times
 * in its life, however many pushes there are. Bytes are copied deflated as they are.
 *
 * The new pack is on disk before an old one goes; readers never miss an object. Gives way to other work.
 */
export async function consolidate(objects: ObjectDatabase): Promise<void> {
  const packs = choosePacks(objects.packs);
  if (packs.length < 2) return;
  const entries = await gather(packs);
  await compareTrees(objects, entries);
  const written = writePack([...entries.values()].map((entry) => entry.input));
  await objects.addPack(written.parts, written.places, written.checksum);
  await objects.removePacks(packs.filter((pack) => !pack.base.endsWith(written.checksum)));
}

interface Entry {
  input: PackInput;
  readonly pack: PackFile;
  base: ObjectId | undefined;
}

function choosePacks(all: readonly PackFile[]): PackFile[] {
  const packs = all.filter((pack) => pack.bytes <= maxJoinedBytes && !existsSync(`${pack.base}.keep`)).sort((a, b) => a.index.count - b.index.count);
  let split = packs.length - 1;
  while (split > 0 && packs[split]!.index.count >= 2 * packs[split - 1]!.index.count) split--;
  if (split <= 0) return [];
  const chosen: PackFile[] = [];
  let count = 0;
  let bytes = 0;
  for (const [at, pack] of packs.entries()) {
    if ((at > split && pack.index.count >= 2 * count) || bytes + pack.bytes > maxJoinedBytes) break;
    chosen.push(pack);
    count += pack.index.count;
    bytes += pack.bytes;
  }
  return chosen;
}

/**
 * Every object once. It is taken from the first pack that has it, and so is its base, which therefore never leads back to it:
 * a chain goes from pack to earlier pack, and within one pack there are no circles.
 */
async function gather(packs: readonly PackFile[]): Promise<Map<ObjectId, Entry>> {
  const entries = new Map<ObjectId, Entry>();
  let work = 0;
  for (const pack of packs) {
    for (const { offset, at } of pack.inOrder()) {
      if (work > 1_000_000) {
        await immediate();
        work = 0;
      }
      const id = pack.index.idAt(at);
      if (entries.has(id)) continue;
      const raw = pack.rawEntry(offset, true);
      // Bytes read, and something for each object: about as much as takes a millisecond between two turns.
      work += raw.deflated.length + 2000;
      const base = pack.baseIdOf(offset, raw.kind);
      if (base === undefined && raw.kind.type === 'ofs-delta') throw new GitFormatError(`${pack.base}.pack lacks the base of ${id}`);
      entries.set(id, { input: { id, kind: base === undefined ? raw.kind : { type: 'ref-delta', base }, size: raw.size, deflated: raw.deflated }, pack, base });
    }
    pack.dropWindow();
  }
  return entries;
}

/** Commits whose parent came in another pack: their trees have not met yet. The newer of two trees stays whole. */
async function compareTrees(objects: ObjectDatabase, entries: Map<ObjectId, Entry>): Promise<void> {
  const heights = chainHeights(entries);
  const commits = [...entries].filter(([, entry]) => isWhole(entry, 'commit')).map(([id]) => ({ id, commit: objects.readCommit(id) }));
  commits.sort((a, b) => a.commit.committer.timestamp - b.commit.committer.timestamp);
  for (const { id, commit } of commits) {
    for (const parent of commit.parents) {
      const before = entries.get(parent);
      if (!before || before.pack === entries.get(id)!.pack) continue;
      await immediate();
      compareTree(objects, entries, heights, objects.readCommit(parent).tree, commit.tree);
    }
  }
}

function compareTree(objects: ObjectDatabase, entries: Map<ObjectId, Entry>, heights: Map<ObjectId, number>, oldId: ObjectId, newId: ObjectId): void {
  if (oldId === newId) return;
  const before = objects.readAs('tree', oldId);
  const after = objects.readAs('tree', newId);
  for (const change of diffTrees(before, after)) {
    if (change.before?.mode === '40000' && change.after?.mode === '40000') compareTree(objects, entries, heights, change.before.id, change.after.id);
  }
  const old = entries.get(oldId);
  const height = (heights.get(oldId) ?? 0) + 1;
  if (!old || !isWhole(old, 'tree') || !entries.has(newId) || before.length < deltaFromBytes || height > maxDepth || leadsTo(entries, newId, oldId)) return;
  const delta = encodeDelta(after, before);
  if (delta.length > before.length / 2 || !applyDelta(after, delta).equals(before)) return;
  old.input = { id: oldId, base: newId, delta };
  old.base = newId;
  heights.set(newId, Math.max(heights.get(newId) ?? 0, height));
}

function isWhole(entry: Entry, type: 'commit' | 'tree'): boolean {
  return 'kind' in entry.input && entry.input.kind.type === type;
}

function leadsTo(entries: ReadonlyMap<ObjectId, Entry>, from: ObjectId, to: ObjectId): boolean {
  for (let at: ObjectId | undefined = from; at !== undefined; at = entries.get(at)?.base) if (at === to) return true;
  return false;
}

/** The longest chain of deltas that leans on each object. */
function chainHeights(entries: ReadonlyMap<ObjectId, Entry>): Map<ObjectId, number> {
  const heights = new Map<ObjectId, number>();
  for (const entry of entries.values()) {
    let height = 0;
    for (let base = entry.base; base !== undefined; base = entries.get(base)?.base) {
      height++;
      if ((heights.get(base) ?? 0) >= height) break;
      heights.set(base, height);
    }
  }
  return heights;
}
