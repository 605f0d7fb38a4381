import type { ManagedFieldsEntry, UnstructuredObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import type { Manager } from './managers.ts';
import { deepEqual } from '../deep-equal.ts';
import { compareFields, isSame, touched } from './compare-fields.ts';
import { isEmptyTrie, subtractTries, unionTries } from './field-trie.ts';
import { capUpdateManagers, isSameManager, parseManagers, printManagers } from './managers.ts';

export interface UpdateRequest {
  /** The object as it is; absent when it is created. */
  readonly live: UnstructuredObject | undefined;
  /** The object as it is to be stored, defaults and all. */
  readonly next: UnstructuredObject;
  readonly manager: string;
  readonly schema: Schema | undefined;
  readonly apiVersion: string;
  /** RFC 3339, now. */
  readonly time: string;
  readonly subresource?: string;
}

/**
 * Keeps account of who owns which field when an object is created, updated or patched other than by apply: the writer
 * takes what it adds or changes, and what goes away is owned by nobody. Answers the new `metadata.managedFields`; when
 * the write changes nothing, the very list that `live` has.
 *
 * A writer may send managedFields of its own, as `kubectl apply --server-side` does to take over from client-side apply;
 * sending none, or ones that cannot be understood, keeps those of `live`; sending `[{}]` forgets them all.
 */
export function updateManagedFields(request: UpdateRequest): readonly ManagedFieldsEntry[] {
  const { live, next, schema, apiVersion, time } = request;
  const sent = next.metadata.managedFields;
  const kept = live?.metadata.managedFields ?? [];
  const known = managersOf(sent, kept);
  const comparison = compareFields(live ?? NOTHING, next, schema);
  if (isSame(comparison)) return known.entries === kept ? kept : printManagers(known.managers);

  const own = { manager: request.manager, operation: 'Update', subresource: request.subresource ?? '' } as const;
  const fields = touched(comparison);
  const managers: Manager[] = known.managers.map((manager) => ({
    ...manager,
    fields: subtractTries(subtractTries(manager.fields, comparison.modified), comparison.removed),
  }));
  if (!isEmptyTrie(fields)) {
    const index = managers.findIndex((manager) => isSameManager(manager, own));
    const before = managers[index];
    const after: Manager = { ...own, apiVersion, time, fields: before ? unionTries(before.fields, fields) : fields };
    if (before) managers[index] = after;
    else managers.push(after);
  }
  return printManagers(capUpdateManagers(managers));
}

const NOTHING: UnstructuredObject = { apiVersion: '', kind: '', metadata: { name: '' } };

function managersOf(
  sent: readonly ManagedFieldsEntry[] | undefined,
  kept: readonly ManagedFieldsEntry[],
): { readonly managers: readonly Manager[]; readonly entries: readonly ManagedFieldsEntry[] } {
  if (sent?.length === 1 && Object.keys(sent[0] ?? {}).length === 0) return { managers: [], entries: [] };
  if (sent && sent.length > 0 && !deepEqual(sent, kept)) {
    const managers = parseManagers(sent);
    if (managers) return { managers, entries: sent };
  }
  return { managers: parseManagers(kept) ?? [], entries: kept };
}
