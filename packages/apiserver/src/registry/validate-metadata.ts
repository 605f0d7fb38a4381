import {
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  isDns1123Label,
  isLabelValue,
  isQualifiedName,
  type StatusCause,
  type UnstructuredObject,
} from '@plinth/apimachinery';
import type { Served } from './served.ts';

/** What is wrong with the metadata of an object that is about to be written. */
export function validateMetadata(served: Served, object: UnstructuredObject, old: UnstructuredObject | undefined): readonly StatusCause[] {
  const { metadata } = object;
  const causes: StatusCause[] = [];
  if (!old) {
    if (!metadata.name) causes.push(fieldRequired('metadata.name', 'name or generateName is required'));
    else for (const wrong of served.strategy.nameRule(metadata.name)) causes.push(fieldInvalid('metadata.name', metadata.name, wrong));
    if (served.kind.namespaced) for (const wrong of isDns1123Label(metadata.namespace ?? '')) causes.push(fieldInvalid('metadata.namespace', metadata.namespace, wrong));
  }
  causes.push(...labelCauses(metadata.labels), ...annotationCauses(metadata.annotations), ...ownerCauses(object));
  for (const finalizer of metadata.finalizers ?? []) {
    for (const wrong of isQualifiedName(finalizer)) causes.push(fieldInvalid('metadata.finalizers', finalizer, wrong));
  }
  if (old) causes.push(...changeCauses(object, old));
  return causes;
}

function labelCauses(labels: Readonly<Record<string, string>> | undefined): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const wrong of isQualifiedName(key)) causes.push(fieldInvalid('metadata.labels', key, wrong));
    for (const wrong of isLabelValue(value)) causes.push(fieldInvalid('metadata.labels', value, wrong));
  }
  return causes;
}

const MAX_ANNOTATIONS = 256 * 1024;

function annotationCauses(annotations: Readonly<Record<string, string>> | undefined): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const wrong of isQualifiedName(key.toLowerCase())) causes.push(fieldInvalid('metadata.annotations', key, wrong));
  }
  if (size > MAX_ANNOTATIONS) causes.push(fieldTooLong('metadata.annotations', MAX_ANNOTATIONS));
  return causes;
}

function ownerCauses(object: UnstructuredObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  let controllers = 0;
  (object.metadata.ownerReferences ?? []).forEach((owner, index) => {
    const at = `metadata.ownerReferences[${index}]`;
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field]) causes.push(fieldInvalid(`${at}.${field}`, owner[field] ?? '', `${field} must not be empty`));
    }
    if (owner.controller) controllers += 1;
  });
  if (controllers > 1) {
    causes.push(fieldInvalid('metadata.ownerReferences', controllers, 'Only one reference can have Controller set to true'));
  }
  return causes;
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
