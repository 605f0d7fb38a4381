import { gvkOf } from '@plinth/apimachinery';
import type { InventoryEntry } from '@plinth/api';
import type { ApplyOutcome } from './apply-object.ts';
import type { DesiredObject } from './build.ts';

/** What is in the cluster because of this Kustomization: an object that failed counts only if it was there before. */
export function inventoryAfter(old: readonly InventoryEntry[], objects: readonly DesiredObject[], outcomes: ReadonlyMap<DesiredObject, ApplyOutcome>): readonly InventoryEntry[] {
  const before = new Map(old.map((entry) => [entry.id, entry] as const));
  return objects.flatMap((desired) => {
    const outcome = outcomes.get(desired);
    if (outcome === undefined || outcome.type === 'failed') {
      const entry = before.get(desired.id);
      return entry ? [entry] : [];
    }
    return [{ id: desired.id, v: gvkOf(desired.object).version }];
  });
}
