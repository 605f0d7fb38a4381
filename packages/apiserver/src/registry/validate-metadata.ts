import { fieldForbidden, fieldInvalid, validateObjectMeta, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from './served.ts';

/** What is wrong with the metadata of an object that is about to be written. */
export function validateMetadata(served: Served, object: UnstructuredObject, old: UnstructuredObject | undefined): readonly StatusCause[] {
  const { namespaced } = served.kind;
  const causes = validateObjectMeta(object.metadata, { namespaced, nameRule: served.strategy.nameRule });
  return old ? [...causes, ...changeCauses(object, old)] : causes;
}

function changeCauses(object: UnstructuredObject, old: UnstructuredObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const) {
    if (object.metadata[field] !== old.metadata[field]) causes.push(fieldInvalid(`metadata.${field}`, object.metadata[field], 'field is immutable'));
  }
  if (old.metadata.deletionTimestamp !== undefined) {
    const had = new Set(old.metadata.finalizers);
    const added = (object.metadata.finalizers ?? []).filter((finalizer) => !had.has(finalizer));
    if (added.length > 0) {
      causes.push(fieldForbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`));
    }
  }
  return causes;
}
