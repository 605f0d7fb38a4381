/**
 * The order of a branch's commits, as far as its writer saw it: those that it made itself, one upon the other. What
 * somebody else pushed has an unknown past, so the order begins anew with it.
 */
export class CommitOrder {
  readonly #places = new Map<string, number>();
  #next = 0;

  /** `commit` was made on top of the newest one. */
  advance(commit: string): void {
    this.#places.delete(commit);
    this.#places.set(commit, this.#next++);
    if (this.#places.size > MAX_COMMITS) for (const oldest of this.#places.keys()) return void this.#places.delete(oldest);
  }

  /** The branch is at `commit` (undefined: empty), and nobody knows what came before. */
  restart(commit: string | undefined): void {
    this.#places.clear();
    if (commit !== undefined) this.advance(commit);
  }

  /** Whether `revision` is `commit` or was made after it. Undefined when one of them is not known. */
  contains(revision: string, commit: string): boolean | undefined {
    if (revision === commit && revision !== '') return true;
    const [later, earlier] = [this.#places.get(revision), this.#places.get(commit)];
    return later === undefined || earlier === undefined ? undefined : later >= earlier;
  }
}

/** About 10 MiB; an agent that is further behind is caught up with when it reaches the newest. */
const MAX_COMMITS = 100_000;
