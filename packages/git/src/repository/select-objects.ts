import { decodeTag } from '../objects/commit.ts';
import type { Commit } from '../objects/commit.ts';
import type { ObjectId } from '../objects/object.ts';
import { diffTrees } from '../objects/tree-diff.ts';
import { decodeTree } from '../objects/tree.ts';
import type { ObjectDatabase } from './object-database.ts';
import type { CommitSelection } from './select-commits.ts';

/** What a partial clone leaves out. */
export type ObjectFilter =
  | { readonly type: 'none' }
  /** Blobs of this size and more; 0: all blobs. */
  | { readonly type: 'blob-limit'; readonly bytes: number }
  /** Trees and blobs this deep below a commit's tree and more; 0: not even that tree. */
  | { readonly type: 'tree-depth'; readonly depth: number };

const noBytes = Buffer.alloc(0);
const yieldEvery = 200;

/**
 * The objects that a reader lacks: the selected commits, and what their trees hold that the trees of their parents (or, with
 * history cut off, of any commit that the reader has) do not hold at the same place. Sorted commits, trees, blobs.
 */
export async function selectObjects(objects: ObjectDatabase, selection: CommitSelection, haves: readonly ObjectId[], extra: readonly ObjectId[], filter: ObjectFilter, giveWay: () => Promise<void>): Promise<ObjectId[]> {
  const trees = new Set<ObjectId>();
  const blobs = new Set<ObjectId>();
  /** Pairs, not trees: what a tree shares with one base is not what it shares with another. */
  const compared = new Set<string>();
  const tags = new Set<ObjectId>();
  const collect = (treeId: ObjectId, baseId: ObjectId | undefined, depth: number): void => {
    if (treeId === baseId || compared.has(`${treeId}${baseId ?? ''}`) || (filter.type === 'tree-depth' && depth >= filter.depth)) return;
    compared.add(`${treeId}${baseId ?? ''}`);
    trees.add(treeId);
    const base = baseId !== undefined && objects.has(baseId) ? objects.readAs('tree', baseId) : noBytes;
    const data = objects.readAs('tree', treeId);
    const changes = base.length === 0 ? decodeTree(data).map((after) => ({ before: undefined, after })) : diffTrees(base, data);
    for (const { before, after } of changes) {
      if (!after || after.mode === '160000') continue;
      if (after.mode === '40000') collect(after.id, before?.mode === '40000' ? before.id : undefined, depth + 1);
      else if (after.id !== before?.id && !blobs.has(after.id) && takesBlob(objects, after.id, filter, depth + 1)) blobs.add(after.id);
    }
  };
  const fallback = haves.find((id) => objects.read(id)?.type === 'commit');
  let count = 0;
  // Newest first: joined packs keep older trees as differences of newer ones.
  for (const commit of selection.commits.values()) {
    if (++count % yieldEvery === 0) await giveWay();
    collect(commit.tree, baseTree(objects, commit, selection, fallback), 0);
  }
  for (const id of extra) {
    for (let at = id; ; ) {
      const object = objects.read(at);
      if (object?.type === 'tag') {
        tags.add(at);
        at = decodeTag(object.data).object;
        continue;
      }
      // What is asked for by name comes even where a filter would leave it out.
      if (object?.type === 'blob') blobs.add(at);
      if (object?.type === 'tree') {
        collect(at, undefined, 0);
        trees.add(at);
      }
      break;
    }
  }
  return [...selection.commits.keys(), ...tags, ...trees, ...blobs];
}

function baseTree(objects: ObjectDatabase, commit: Commit, selection: CommitSelection, fallback: ObjectId | undefined): ObjectId | undefined {
  for (const parent of commit.parents) {
    const sent = selection.commits.get(parent);
    if (sent) return sent.tree;
    if (selection.held.has(parent)) return objects.readCommit(parent).tree;
  }
  return fallback === undefined ? undefined : objects.readCommit(fallback).tree;
}

function takesBlob(objects: ObjectDatabase, id: ObjectId, filter: ObjectFilter, depth: number): boolean {
  if (filter.type === 'none') return true;
  if (filter.type === 'tree-depth') return depth < filter.depth;
  return filter.bytes > 0 && (objects.read(id)?.data.length ?? 0) < filter.bytes;
}
