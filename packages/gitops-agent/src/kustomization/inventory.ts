import { parseApiVersion } from '@plinth/apimachinery';
import type { InventoryEntry } from '@plinth/api';
import type { ApplyOutcome } from './apply-object.ts';
import type { DesiredObject } from './build.ts';

/** What is in the cluster because of a Kustomization, in the order in which it came. */
export class Inventory {
  readonly #entries: Map<string, InventoryEntry>;
  #list: readonly InventoryEntry[] | undefined;

  constructor(entries: readonly InventoryEntry[]) {
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
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
      this.#entries.set(id, { id, v });
      this.#list = undefined;
    }
  }

  delete(id: string): void {
    if (this.#entries.delete(id)) this.#list = undefined;
  }
}
