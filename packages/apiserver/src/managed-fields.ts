import { updateManagedFields, type ManagedFieldsEntry, type UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from './registry/served.ts';
import type { Draft } from './registry/strategy.ts';

export interface FieldOwner {
  readonly manager: string;
  readonly time: string;
  readonly subresource?: string;
}

/** Records in `draft.metadata.managedFields` that `owner` changed what differs from `old`. */
export function trackUpdate(served: Served, draft: Draft, old: UnstructuredObject | undefined, owner: FieldOwner): void {
  setManagedFields(draft, updateManagedFields({ live: old, next: draft, schema: served.kind.schema, apiVersion: served.apiVersion, ...owner }));
}

export function setManagedFields(draft: Draft, managedFields: readonly ManagedFieldsEntry[]): void {
  if (managedFields.length > 0) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}
