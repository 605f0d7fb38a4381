import type { LabelQuery, Labels } from '@plinth/apimachinery';
import type { Entry, ObjectStore } from '@plinth/object-store';
import { decode } from './codec.ts';

/**
 * The entries below `prefix`, in order, that may match a query with `key=value` in it, found without looking at all of
 * them; undefined when it is as well to look at all: the collection is small, or the query says nothing of the kind.
 *
 * `collection` is the prefix of the whole kind; `prefix` may be that of one namespace in it. What is returned still has to
 * be matched. An index of a label is made when it is first asked for, and kept up to date from then on.
 */
export function entriesByLabel(store: ObjectStore, collection: string, prefix: string, query: LabelQuery): readonly Entry[] | undefined {
  const equal = query.requirements.filter(({ operator, values }) => operator === 'Equals' && values.length === 1);
  if (equal.length === 0 || query.nothing) return undefined;
  let ofStore = indexes.get(store);
  if (!ofStore) indexes.set(store, (ofStore = new Map()));
  let index = ofStore.get(collection);
  if (!index) {
    // No page of this size, and the collection is small: reading it costs less than an index.
    if (store.list(collection, { limit: SMALL }).next === undefined) return undefined;
    ofStore.set(collection, (index = new CollectionIndex(store, collection)));
  }
  let fewest: ReadonlySet<string> | undefined;
  for (const { key, values } of equal) {
    const found = index.keysWith(key, values[0]!);
    if (found && (!fewest || found.size < fewest.size)) fewest = found;
  }
  if (!fewest) return undefined;
  return [...fewest].filter((key) => key.startsWith(prefix)).sort().flatMap((key) => store.get(key) ?? []);
}

/** Objects of a kind up to which nothing is indexed. */
const SMALL = 200;
/** Labels by which a kind can be found; who asks by more of them has the rest looked through. */
const MAX_LABELS = 16;

const indexes = new WeakMap<ObjectStore, Map<string, CollectionIndex>>();

class CollectionIndex {
  readonly #store: ObjectStore;
  readonly #collection: string;
  /** Store keys by label and value. */
  readonly #byLabel = new Map<string, Map<string, Set<string>>>();

  constructor(store: ObjectStore, collection: string) {
    this.#store = store;
    this.#collection = collection;
    // Told before anybody who waits for the write goes on, so a list sees what was acknowledged.
    store.watch(collection, store.revision, (event) => {
      if (event.previous) this.#forget(event.key, labelsOf(event.previous));
      if (event.type === 'put') this.#add(event.key, labelsOf(event));
    });
  }

  /** Undefined: too many labels are indexed already. */
  keysWith(label: string, value: string): ReadonlySet<string> | undefined {
    let byValue = this.#byLabel.get(label);
    if (!byValue) {
      if (this.#byLabel.size >= MAX_LABELS) return undefined;
      this.#byLabel.set(label, (byValue = new Map()));
      for (const entry of this.#store.list(this.#collection).entries) put(byValue, labelsOf(entry)?.[label], entry.key);
    }
    return byValue.get(value) ?? NONE;
  }

  #add(key: string, labels: Labels | undefined): void {
    for (const [label, byValue] of this.#byLabel) put(byValue, labels?.[label], key);
  }

  #forget(key: string, labels: Labels | undefined): void {
    for (const [label, byValue] of this.#byLabel) {
      const value = labels?.[label];
      if (value === undefined) continue;
      const keys = byValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) byValue.delete(value);
    }
  }
}

function put(byValue: Map<string, Set<string>>, value: string | undefined, key: string): void {
  if (value === undefined) return;
  const keys = byValue.get(value);
  if (keys) keys.add(key);
  else byValue.set(value, new Set([key]));
}

/** A damaged value has no labels; a list without a selector reports it. */
function labelsOf(entry: Pick<Entry, 'key' | 'value' | 'revision'>): Labels | undefined {
  try {
    return decode(entry).metadata.labels;
  } catch {
    return undefined;
  }
}

const NONE: ReadonlySet<string> = new Set();
