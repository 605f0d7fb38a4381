import type { ManagedFieldsEntry, UnstructuredObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import type { FieldConflict } from './conflicts.ts';
import type { FieldTrie } from './field-trie.ts';
import type { Manager } from './managers.ts';
import { PatchError } from '../patch/patch-error.ts';
import { checkConfiguration } from './check-configuration.ts';
import { compareFields, isSame, touched } from './compare-fields.ts';
import { applyConflict, conflictsWith } from './conflicts.ts';
import { equalTries, intersectTries, isEmptyTrie, subtractTries, unionTries } from './field-trie.ts';
import { capUpdateManagers, isSameManager, parseManagers, printManagers } from './managers.ts';
import { mergeApplied, withoutNulls } from './merge-applied.ts';
import { pruneReleased } from './prune-released.ts';
import { toFieldSet, withoutIdentity } from './to-field-set.ts';

export interface ApplyRequest {
  /** The object as it is; absent to create it. */
  readonly live: UnstructuredObject | undefined;
  /** The configuration that was sent: what its manager wants to own, and nothing else. */
  readonly patch: UnstructuredObject;
  readonly manager: string;
  /** Take fields from other managers instead of reporting conflicts. */
  readonly force?: boolean;
  readonly schema: Schema | undefined;
  readonly apiVersion: string;
  /** RFC 3339, now. */
  readonly time: string;
  /** `status` applies only `status`; without it, `status` is left out when the kind has the subresource. */
  readonly subresource?: string;
  readonly hasStatusSubresource?: boolean;
}

export type ApplyOutcome =
  | {
      readonly kind: 'applied';
      /** With its managedFields; the very `live` when the apply changes nothing. */
      readonly object: UnstructuredObject;
      readonly managedFields: readonly ManagedFieldsEntry[];
    }
  | { readonly kind: 'conflict'; readonly conflicts: readonly FieldConflict[]; readonly error: ReturnType<typeof applyConflict> };

/**
 * Server-side apply. Merges the configuration into the object by its schema, takes away what the manager applied before
 * and does not any more, and keeps account of who owns which field.
 *
 * Guarantees: applying the same configuration twice changes nothing the second time, not even a time. Managers that
 * apply the same value share the field. Without `force` nothing that another manager owns changes.
 *
 * Assumes that `live` and `patch` have the same kind and version, and that defaults are filled in afterwards by the
 * caller: nobody owns them.
 *
 * Errors: `PatchError` when the configuration holds managedFields, or items that have the same key or none.
 * Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function applyPatch(request: ApplyRequest): ApplyOutcome {
  const { live, schema, apiVersion, time, manager } = request;
  const config = configurationOf(request);
  const fields = withoutIdentity(toFieldSet(config, schema, true));
  const own = { manager, operation: 'Apply', subresource: request.subresource ?? '' } as const;
  if (!live) {
    return applied(config, [{ ...own, apiVersion, time, fields }]);
  }
  const managers = parseManagers(live.metadata.managedFields) ?? [];
  const before = managers.find((entry) => isSameManager(entry, own));
  const others = managers.filter((entry) => entry !== before);

  let next = mergeApplied(live, config, schema, true) as UnstructuredObject;
  if (before && !equalTries(before.fields, fields)) {
    const owned = others.reduce<FieldTrie>((all, other) => unionTries(all, other.fields), fields);
    next = pruneReleased(next, before.fields, owned, schema, true) as UnstructuredObject;
  }

  const comparison = compareFields(live, next, schema);
  const taken = touched(comparison);
  const conflicts: FieldConflict[] = [];
  const remaining: Manager[] = others.map((other) => {
    const conflict = intersectTries(other.fields, taken);
    if (!isEmptyTrie(conflict)) conflicts.push(...conflictsWith(other, conflict));
    return { ...other, fields: subtractTries(subtractTries(other.fields, conflict), comparison.removed) };
  });
  if (conflicts.length > 0 && !request.force) return { kind: 'conflict', conflicts, error: applyConflict(conflicts) };

  const unchanged = isSame(comparison);
  if (unchanged && before && before.apiVersion === apiVersion && equalTries(before.fields, fields)) {
    return { kind: 'applied', object: live, managedFields: live.metadata.managedFields ?? [] };
  }
  return applied(unchanged ? live : next, [...remaining, { ...own, apiVersion, time, fields }]);
}

function applied(object: UnstructuredObject, managers: readonly Manager[]): ApplyOutcome {
  const managedFields = printManagers(capUpdateManagers(managers));
  const { managedFields: _former, ...metadata } = object.metadata;
  return {
    kind: 'applied',
    object: { ...object, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata },
    managedFields,
  };
}

/** The part of what was sent that takes part in ownership: nothing that the server sets, and only this subresource. */
function configurationOf({ patch, schema, subresource, hasStatusSubresource }: ApplyRequest): UnstructuredObject {
  if ((patch.metadata.managedFields ?? []).length > 0) {
    throw new PatchError('malformed', 'metadata.managedFields must be nil');
  }
  const { apiVersion, kind } = patch;
  const { name, generateName, namespace, labels, annotations, ownerReferences, finalizers } = patch.metadata;
  const identity = withoutUndefined({ name, generateName, namespace });
  let config: UnstructuredObject;
  if (subresource === 'status') {
    const status = patch['status'];
    config = { apiVersion, kind, metadata: identity, ...(status === undefined ? {} : { status }) };
  } else {
    const metadata = { ...identity, ...withoutUndefined({ labels, annotations, ownerReferences, finalizers }) };
    const { status, ...rest } = patch;
    config = { ...rest, metadata, ...(hasStatusSubresource || status === undefined ? {} : { status }) };
  }
  const whole = withoutNulls(config, schema);
  checkConfiguration(whole, schema);
  return whole;
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
