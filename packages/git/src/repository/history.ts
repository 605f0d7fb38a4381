import type { Commit } from '../objects/commit.ts';
import type { ObjectId } from '../objects/object.ts';
import type { ObjectDatabase } from './object-database.ts';

/** Commits by committer time, newest first; what a walk has yet to look at. */
export class CommitQueue {
  readonly #heap: { readonly id: ObjectId; readonly commit: Commit; readonly order: number }[] = [];
  #count = 0;

  get size(): number {
    return this.#heap.length;
  }

  push(id: ObjectId, commit: Commit): void {
    const heap = this.#heap;
    heap.push({ id, commit, order: this.#count++ });
    for (let at = heap.length - 1; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!before(heap[at]!, heap[above]!)) break;
      [heap[at], heap[above]] = [heap[above]!, heap[at]!];
      at = above;
    }
  }

  pop(): { readonly id: ObjectId; readonly commit: Commit } | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      if (least === at) return top;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }

  some(test: (id: ObjectId) => boolean): boolean {
    return this.#heap.some((entry) => test(entry.id));
  }
}

function before(a: { readonly commit: Commit; readonly order: number }, b: { readonly commit: Commit; readonly order: number }): boolean {
  const difference = a.commit.committer.timestamp - b.commit.committer.timestamp;
  return difference === 0 ? a.order < b.order : difference > 0;
}

/** Commits from `start` back through all parents, newest first, each once. */
export function* history(objects: ObjectDatabase, start: ObjectId): Generator<{ readonly id: ObjectId; readonly commit: Commit }> {
  const queue = new CommitQueue();
  const seen = new Set([start]);
  queue.push(start, objects.readCommit(start));
  for (let next = queue.pop(); next; next = queue.pop()) {
    yield next;
    for (const parent of next.commit.parents) {
      if (seen.has(parent) || !objects.has(parent)) continue;
      seen.add(parent);
      queue.push(parent, objects.readCommit(parent));
    }
  }
}
