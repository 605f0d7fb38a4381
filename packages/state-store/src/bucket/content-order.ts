import { randomUUID } from 'node:crypto';
import { keysBelow, revisionOf, sortKeys } from './revision.ts';

/** What a writer found or made to be in the bucket. */
export interface Expectation {
  /** ETags by key; undefined: there is no such object. */
  readonly objects: ReadonlyMap<string, string | undefined>;
  /** Nothing else begins with this. */
  readonly nothingElseBelow?: string;
}

/**
 * The states of a bucket between two batches, in turn, as far as its writer saw them: for each its place in that order and its
 * revision. A revision is a digest of all keys with their ETags, so whoever names one has seen exactly that content.
 *
 * A state that agents see while a batch is being written is none of them: nothing is said of it.
 *
 * Caveats: follows at most 200,000 objects, and says nothing of larger buckets.
 */
export class ContentOrder {
  /** Points of other writers, and of this one in an earlier life, mean nothing here. */
  readonly #id = randomUUID();
  /** The beginnings of keys that agents take, each with a revision of its own. */
  readonly #views: string[];
  /** ETags by key; undefined: what the bucket holds is not known. */
  #index: Map<string, string> | undefined;
  /** The keys of the index, sorted. */
  #keys: readonly string[] = [];
  /** Revisions with the newest place at which they stood. */
  readonly #places = new Map<string, Place>();
  #at: Place = { place: 0, era: 0 };

  /** `prefix`: the beginning of all keys that the writer has. */
  constructor(prefix: string) {
    this.#views = [prefix];
  }

  /** The beginning of all keys that a listing has to cover. */
  get base(): string {
    return this.#views.reduce(commonPrefix);
  }

  /** Where in the order the bucket is now: what {@link contains} asks for. */
  get point(): string {
    return `${this.#id}:${this.#at.place}:${this.#at.era}`;
  }

  /** From now on there are revisions of what begins with `prefix`. Returns whether there were already. */
  follow(prefix: string): boolean {
    if (this.#views.includes(prefix)) return true;
    const base = this.base;
    this.#views.push(prefix);
    if (this.#views.length > MAX_VIEWS) this.#views.splice(1, 1);
    if (this.base !== base) this.#index = undefined;
    else this.#record();
    return false;
  }

  /**
   * A batch put these ETags at their keys (undefined: took the object away), and found the bucket to be as `expected`, which others
   * may have made so since it was listed. `isSure`: nothing of it failed half-way.
   */
  advance(changes: ReadonlyMap<string, string | undefined>, expected: readonly Expectation[], isSure: boolean): void {
    const index = this.#index;
    if (index && isSure) {
      const isMore = [...changes].some(([key, etag]) => index.has(key) !== (etag !== undefined));
      for (const [key, etag] of changes) {
        if (etag === undefined) index.delete(key);
        else index.set(key, etag);
      }
      if (isMore) this.#keys = sortKeys([...index.keys()]);
      if (expected.every((each) => this.#agrees(each))) {
        if (changes.size === 0) return;
        this.#goOn();
        this.#record();
        return;
      }
    }
    this.#goOn();
    this.#index = undefined;
  }

  /** What a listing of {@link base} found between two batches. `isForeign`: others changed what the writer had put there. */
  observe(listing: ReadonlyMap<string, string>, isForeign: boolean): void {
    if (listing.size > MAX_OBJECTS) {
      this.#index = undefined;
      return;
    }
    if (!this.#index || isForeign || !isSame(this.#index, listing)) this.#goOn(isForeign);
    this.#index = new Map(listing);
    this.#keys = sortKeys([...listing.keys()]);
    this.#record();
  }

  knows(revision: string): boolean {
    return this.#placeOf(revision) !== undefined;
  }

  /** Whether the state `revision` (a digest or a point) is `point` or came later. Undefined when one of them is not known. */
  contains(revision: string, point: string): boolean | undefined {
    const [later, earlier] = [this.#placeOf(revision), this.#placeOf(point)];
    if (later === undefined || earlier === undefined) return undefined;
    if (later.place < earlier.place) return false;
    return later.era === earlier.era ? true : undefined;
  }

  #agrees({ objects, nothingElseBelow }: Expectation): boolean {
    for (const [key, etag] of objects) if (etag === '' || this.#index?.get(key) !== etag) return false;
    return nothingElseBelow === undefined || keysBelow(this.#keys, nothingElseBelow).every((key) => objects.has(key));
  }

  #goOn(isForeign = false): void {
    this.#at = { place: this.#at.place + 1, era: this.#at.era + (isForeign ? 1 : 0) };
  }

  #placeOf(name: string): Place | undefined {
    const [id, place, era] = name.split(':');
    return id === this.#id ? { place: Number(place), era: Number(era) } : this.#places.get(name);
  }

  #record(): void {
    if (!this.#index) return;
    for (const prefix of this.#views) {
      const revision = revisionOf(keysBelow(this.#keys, prefix), this.#index);
      this.#places.delete(revision);
      this.#places.set(revision, this.#at);
    }
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= MAX_REVISIONS) return;
      this.#places.delete(oldest);
    }
  }
}

/** An era ends when others change what is ours: what stood in it need not stand in the next. */
interface Place {
  readonly place: number;
  readonly era: number;
}

const MAX_OBJECTS = 200_000;
/** A few MiB; an agent that is further behind is caught up with when it reaches the newest. */
const MAX_REVISIONS = 20_000;
const MAX_VIEWS = 8;

function commonPrefix(a: string, b: string): string {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end += 1;
  return a.slice(0, end);
}

const isSame = (left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean => left.size === right.size && [...left].every(([key, etag]) => right.get(key) === etag);
