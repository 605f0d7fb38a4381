import type { GitObject, ObjectId } from '../objects/object.ts';

const maxBytes = 16 * 1024 * 1024;
/** Larger ones would push out too much; they are read again. */
const maxObjectBytes = 2 * 1024 * 1024;

/** Objects that were read lately, up to 16 MiB of them. Blobs above 64 KiB are not kept: nobody reads them twice. */
export class ObjectCache {
  readonly #objects = new Map<ObjectId, GitObject>();
  #bytes = 0;

  has(id: ObjectId): boolean {
    return this.#objects.has(id);
  }

  get(id: ObjectId): GitObject | undefined {
    const object = this.#objects.get(id);
    if (object) {
      this.#objects.delete(id);
      this.#objects.set(id, object);
    }
    return object;
  }

  set(id: ObjectId, object: GitObject): void {
    if (object.data.length > (object.type === 'blob' ? 65_536 : maxObjectBytes) || this.#objects.has(id)) return;
    this.#objects.set(id, object);
    this.#bytes += object.data.length + 200;
    for (const [oldest, value] of this.#objects) {
      if (this.#bytes <= maxBytes) break;
      this.#objects.delete(oldest);
      this.#bytes -= value.data.length + 200;
    }
  }

  clear(): void {
    this.#objects.clear();
    this.#bytes = 0;
  }
}
