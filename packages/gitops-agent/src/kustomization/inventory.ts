import { parseApiVersion, type GroupVersionKind } from '@plinth/apimachinery';
import type { InventoryEntry } from '@plinth/api';
import type { ApplyOutcome } from './apply-object.ts';
import type { DesiredObject } from './build.ts';

/** What is in the cluster because of a Kustomization, in the order in which it came. */
export class Inventory {
  readonly #entries: Map<string, InventoryEntry>;
  #list: readonly InventoryEntry[] | undefined;
  readonly #kinds = new Map<string, { readonly kind: GroupVersionKind; count: number }>();

  constructor(entries: readonly InventoryEntry[]) {
    this.#entries = new Map();
    for (const entry of entries) this.#set(entry);
  }

  /** As the status holds it. */
  get entries(): readonly InventoryEntry[] {
    return (this.#list ??= [...this.#entries.values()]);
  }

  get(id: string): InventoryEntry | undefined {
    return this.#entries.get(id);
  }

  /** Takes up what became of objects: one that failed is there only if it was before. */
  add(outcomes: ReadonlyMap<DesiredObject, ApplyOutcome>): void {
    for (const [{ id, object }, { type }] of outcomes) {
      const v = parseApiVersion(object.apiVersion).version;
      if (type === 'failed' || this.#entries.get(id)?.v === v) continue;
      this.#set({ id, v });
    }
  }

  delete(id: string): void {
    if (!this.#entries.delete(id)) return;
    this.#list = undefined;
    const known = this.#kinds.get(kindKey(id));
    if (known && --known.count === 0) this.#kinds.delete(kindKey(id));
  }

  /** Of what there is, by group and kind. */
  *kinds(): Iterable<readonly [string, GroupVersionKind]> {
    for (const [key, { kind }] of this.#kinds) yield [key, kind];
  }

  #set(entry: InventoryEntry): void {
    const isNew = !this.#entries.has(entry.id);
    this.#entries.set(entry.id, entry);
    this.#list = undefined;
    const key = kindKey(entry.id);
    const known = this.#kinds.get(key);
    const [group = '', kind = ''] = key.split('_');
    this.#kinds.set(key, { kind: { group, version: entry.v, kind }, count: (known?.count ?? 0) + (isNew ? 1 : 0) });
  }
}

/** `group_kind`, with which every id ends. */
const kindKey = (id: string): string => id.slice(id.lastIndexOf('_', id.lastIndexOf('_') - 1) + 1);
