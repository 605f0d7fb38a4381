import type { Entry, ObjectStore, StoreEvent } from '@plinth/object-store';
import { isJsonObject, printManagedFields, type ManagedFieldsEntry, type UnstructuredObject } from '@plinth/apimachinery';

/**
 * Objects to bytes and back.
 *
 * A value is the object as JSON without its resourceVersion (which is the revision of the write, not known before it),
 * and always begins `{"apiVersion":"G/V","kind":"K","metadata":{`. Thanks to that beginning a reply is made from stored
 * bytes by exchanging the head, without parsing. Parsed objects are kept as long as they are what the store has of a key.
 */
export function encode(object: UnstructuredObject, origin?: object): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, managedFields, ...meta } = metadata;
  const value = Buffer.from(joinMembers(JSON.stringify({ apiVersion, kind, metadata: meta }), JSON.stringify(rest), managedFields));
  written.set(value, { object, origin });
  return value;
}

/** The text of an object from its parts; who owns its fields is half of it, and the same text for objects that look alike. */
function joinMembers(begin: string, rest: string, managedFields: readonly ManagedFieldsEntry[] | undefined): string {
  const managers = managedFields ? `,"managedFields":[${managedFields.map(printManagedFields).join(',')}]` : '';
  // `begin` ends with the end of metadata and the object's own; a name is always there before.
  return `${begin.slice(0, -2)}${managers}}${rest === '{}' ? '}' : `,${rest.slice(1)}`}`;
}

/** What we wrote ourselves need not be parsed. The object belongs to the store from now on. */
const written = new WeakMap<Uint8Array, { readonly object: UnstructuredObject; readonly origin: object | undefined }>();
const origins = new WeakMap<UnstructuredObject, object>();

/** The `origin` that an object was encoded with; undefined for one that was read from disk. */
export const originOf = (object: UnstructuredObject): object | undefined => origins.get(object);

/** The object of an entry. Throws {@link DamagedValueError}. */
export function decode(entry: Pick<Entry, 'key' | 'value' | 'revision'>): UnstructuredObject {
  const known = parsed.get(entry.value);
  if (known) return known;
  const ours = written.get(entry.value);
  const object = ours ? withVersion(ours.object, entry.revision) : parse(entry);
  if (ours) {
    written.delete(entry.value);
    if (ours.origin) origins.set(object, ours.origin);
  }
  parsed.set(entry.value, object);
  return object;
}

const parsed = new WeakMap<Uint8Array, UnstructuredObject>();

/**
 * Lets go of parsed objects that another has taken the place of, when all who watch have heard: history keeps the bytes, and
 * whoever reads the past parses them. Returns the function that ends it.
 */
export function forgetSuperseded(store: ObjectStore): () => void {
  let superseded: Uint8Array[] = [];
  return store.watch('', store.revision, ({ previous }) => {
    if (!previous) return;
    if (superseded.length === 0) {
      setImmediate(() => {
        for (const value of superseded) parsed.delete(value);
        superseded = [];
      });
    }
    superseded.push(previous.value);
  });
}

function parse(entry: Pick<Entry, 'key' | 'value' | 'revision'>): UnstructuredObject {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(entry.value.buffer, entry.value.byteOffset, entry.value.byteLength).toString());
  } catch (cause) {
    throw new DamagedValueError(entry.key, entry.revision, { cause });
  }
  if (!isStored(value)) throw new DamagedValueError(entry.key, entry.revision);
  return withVersion(value, entry.revision);
}

function isStored(value: unknown): value is UnstructuredObject {
  return (
    isJsonObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isJsonObject(value['metadata']) &&
    typeof value['metadata']['name'] === 'string'
  );
}

/** A copy of `object` at a revision. */
export function withVersion(object: UnstructuredObject, revision: number): UnstructuredObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  return { apiVersion, kind, metadata: { resourceVersion: String(revision), ...meta }, ...rest };
}

/** The state before an event; undefined when the object did not exist. */
export const previousOf = (event: StoreEvent): UnstructuredObject | undefined =>
  event.previous ? decode(event.previous) : undefined;

/** The bytes of an entry in another version of its kind, with its revision: a head, and the rest of the stored value. */
export function headOf(apiVersion: string, kind: string, revision: number): string {
  return `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{"resourceVersion":"${revision}",`;
}

/** What is shown of an entry, put together from its bytes; undefined when `shown` is not the object as it is stored. */
export function storedBytes(shown: object, { value, revision }: Pick<Entry, 'value' | 'revision'>): Buffer | undefined {
  const object = parsed.get(value);
  if (object !== shown) return undefined;
  const head = headOf(object.apiVersion, object.kind, revision);
  const rest = value.subarray(tailOffset(object.apiVersion, object.kind));
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(head) + rest.byteLength);
  bytes.set(rest, bytes.write(head));
  return bytes;
}

/** Where the part of a value that {@link headOf} does not replace begins. */
export function tailOffset(storageApiVersion: string, kind: string): number {
  return Buffer.byteLength(`{"apiVersion":${JSON.stringify(storageApiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`);
}

/** A value in the store that is no object. It is left where it is, so that it can be looked at and deleted. */
export class DamagedValueError extends Error {
  readonly key: string;
  constructor(key: string, revision: number, options?: ErrorOptions) {
    super(`the stored value of ${key} at revision ${revision} is damaged: it is no Kubernetes object in JSON`, options);
    this.name = 'DamagedValueError';
    this.key = key;
  }
}
