import { keyString, type KubeObject, type ObjectKey } from '@plinth/apimachinery';

/** Objects by key, by namespace and by whatever index functions say. Pure bookkeeping: no I/O, tells nobody. */
export interface ObjectIndex<T extends KubeObject> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** By {@link keyString}. */
  getByString(key: string): T | undefined;
  keys(): Iterable<string>;
  values(): Iterable<T>;
  inNamespace(namespace: string): Iterable<T>;
  byIndex(index: string, value: string): readonly T[];
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void;
  set(object: T): void;
  delete(key: string): void;
}

type Buckets = Map<string, Set<string>>;

export function createObjectIndex<T extends KubeObject>(): ObjectIndex<T> {
  const objects = new Map<string, T>();
  const byNamespace: Buckets = new Map();
  const indexes = new Map<string, { readonly valuesOf: (object: T) => readonly string[]; readonly buckets: Buckets }>();

  const enter = (key: string, object: T): void => {
    if (object.metadata.namespace) addTo(byNamespace, object.metadata.namespace, key);
    for (const { valuesOf, buckets } of indexes.values()) for (const value of valuesOf(object)) addTo(buckets, value, key);
  };
  const leave = (key: string, object: T): void => {
    if (object.metadata.namespace) removeFrom(byNamespace, object.metadata.namespace, key);
    for (const { valuesOf, buckets } of indexes.values()) for (const value of valuesOf(object)) removeFrom(buckets, value, key);
  };

  return {
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(keyString(key)),
    getByString: (key) => objects.get(key),
    keys: () => objects.keys(),
    values: () => objects.values(),
    inNamespace: function* (namespace) {
      for (const key of byNamespace.get(namespace) ?? []) yield objects.get(key)!;
    },
    byIndex: (index, value) => {
      const found = indexes.get(index);
      if (!found) throw new Error(`no index is named "${index}" (there are: ${[...indexes.keys()].join(', ') || 'none'})`);
      return Array.from(found.buckets.get(value) ?? [], (key) => objects.get(key)!);
    },
    addIndex: (name, valuesOf) => {
      const buckets: Buckets = new Map();
      for (const [key, object] of objects) for (const value of valuesOf(object)) addTo(buckets, value, key);
      indexes.set(name, { valuesOf, buckets });
    },
    set: (object) => {
      const key = keyString(object.metadata);
      const previous = objects.get(key);
      objects.set(key, object);
      if (!previous) return enter(key, object);
      // Most changes change nothing of what an object is found by; its namespace is part of its key.
      for (const { valuesOf, buckets } of indexes.values()) {
        const [before, after] = [valuesOf(previous), valuesOf(object)];
        if (before.length === after.length && before.every((value, at) => value === after[at])) continue;
        for (const value of before) removeFrom(buckets, value, key);
        for (const value of after) addTo(buckets, value, key);
      }
    },
    delete: (key) => {
      const previous = objects.get(key);
      if (!previous) return;
      leave(key, previous);
      objects.delete(key);
    },
  };
}

function addTo(buckets: Buckets, value: string, key: string): void {
  const bucket = buckets.get(value);
  if (bucket) bucket.add(key);
  else buckets.set(value, new Set([key]));
}

function removeFrom(buckets: Buckets, value: string, key: string): void {
  const bucket = buckets.get(value);
  if (bucket?.delete(key) && bucket.size === 0) buckets.delete(value);
}
