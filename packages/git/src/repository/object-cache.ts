import type { GitObject, ObjectId } from '../objects/object.ts';

/** Of each of the two generations. */
const maxBytes = 8 * 1024 * 1024;
/** Larger ones would push out too much; they are read again. */
const maxObjectBytes = 2 * 1024 * 1024;

/**
 * Objects that were read lately, up to 16 MiB of them, in two generations: when the young one is full it becomes the old one, and
 * what the old one held and nobody asked for meanwhile is forgotten. Blobs above 64 KiB are not kept: nobody reads them twice.
 */
export class ObjectCache {
  #young = new Map<ObjectId, GitObject>();
  #old = new Map<ObjectId, GitObject>();
  #bytes = 0;

  has(id: ObjectId): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  get(id: ObjectId): GitObject | undefined {
    const young = this.#young.get(id);
    if (young) return young;
    const old = this.#old.get(id);
    if (old) this.set(id, old);
    return old;
  }

  set(id: ObjectId, object: GitObject): void {
    if (object.data.length > (object.type === 'blob' ? 65_536 : maxObjectBytes) || this.#young.has(id)) return;
    if (this.#bytes > maxBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(id, object);
    this.#bytes += object.data.length + 200;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#bytes = 0;
  }
}
