import type { NameRule } from './names.ts';
import type { StatusCause } from './status.ts';
import { byteLength } from './byte-length.ts';
import { childPath, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong, fieldTypeInvalid, indexPath } from './field-error.ts';
import { isJsonObject } from './json-value.ts';
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from './names.ts';

/**
 * What is wrong with `metadata`, in Kubernetes' words. `nameRule` is the kind's own (most have `isDns1123Subdomain`).
 * Takes any value: what is not of the right type is refused too.
 */
export function validateObjectMeta(
  metadata: unknown,
  options: { readonly namespaced: boolean; readonly nameRule?: NameRule; readonly path?: string },
): readonly StatusCause[] {
  const { namespaced, nameRule = isDns1123Subdomain, path = 'metadata' } = options;
  const causes: StatusCause[] = [];
  const at = (key: string): string => childPath(path, key);
  if (!isJsonObject(metadata)) return [fieldRequired(at('name'), 'name or generateName is required')];
  const text = (key: string): string => {
    const value = metadata[key];
    if (typeof value === 'string' || value === undefined || value === null) return value ?? '';
    causes.push(fieldTypeInvalid(at(key), value, 'must be a string'));
    return '';
  };
  const name = text('name');
  const generateName = text('generateName');
  const namespace = text('namespace');
  if (generateName) {
    // What is added at the end has only letters and digits, so an `a` in its place decides the same.
    for (const wrong of nameRule(`${generateName.replace(/-$/, '')}a`)) causes.push(fieldInvalid(at('generateName'), generateName, wrong));
  }
  if (name) for (const wrong of nameRule(name)) causes.push(fieldInvalid(at('name'), name, wrong));
  else if (!generateName) causes.push(fieldRequired(at('name'), 'name or generateName is required'));
  if (!namespaced) {
    if (namespace) causes.push(fieldForbidden(at('namespace'), 'not allowed on this type'));
  } else if (!namespace) causes.push(fieldRequired(at('namespace')));
  else for (const wrong of isDns1123Label(namespace)) causes.push(fieldInvalid(at('namespace'), namespace, wrong));
  checkLabels(metadata['labels'], at('labels'), causes);
  checkAnnotations(metadata['annotations'], at('annotations'), causes);
  checkFinalizers(metadata['finalizers'], at('finalizers'), causes);
  checkOwners(metadata['ownerReferences'], at('ownerReferences'), causes);
  return causes;
}

function* stringEntries(value: unknown, path: string, causes: StatusCause[]): Generator<readonly [string, string]> {
  if (value === undefined || value === null) return;
  if (!isJsonObject(value)) {
    causes.push(fieldTypeInvalid(path, value, 'must be a map of strings'));
    return;
  }
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (typeof item === 'string') yield [key, item];
    else causes.push(fieldTypeInvalid(childPath(path, key), item, 'must be a string'));
  }
}

function checkLabels(labels: unknown, path: string, causes: StatusCause[]): void {
  for (const [key, value] of stringEntries(labels, path, causes)) {
    for (const wrong of isQualifiedName(key)) causes.push(fieldInvalid(path, key, wrong));
    for (const wrong of isLabelValue(value)) causes.push(fieldInvalid(path, value, wrong));
  }
}

/** Keys and values of all annotations together, in bytes. */
const MAX_ANNOTATIONS = 262_144;

function checkAnnotations(annotations: unknown, path: string, causes: StatusCause[]): void {
  let size = 0;
  for (const [key, value] of stringEntries(annotations, path, causes)) {
    for (const wrong of isQualifiedName(key.toLowerCase())) causes.push(fieldInvalid(path, key, wrong));
    size += byteLength(key) + byteLength(value);
  }
  if (size > MAX_ANNOTATIONS) causes.push(fieldTooLong(path, MAX_ANNOTATIONS));
}

function checkFinalizers(finalizers: unknown, path: string, causes: StatusCause[]): void {
  if (finalizers === undefined || finalizers === null) return;
  if (!Array.isArray(finalizers)) {
    causes.push(fieldTypeInvalid(path, finalizers, 'must be a list of strings'));
    return;
  }
  finalizers.forEach((name: unknown, index) => {
    if (typeof name !== 'string') causes.push(fieldTypeInvalid(indexPath(path, index), name, 'must be a string'));
    else for (const wrong of isQualifiedName(name)) causes.push(fieldInvalid(path, name, wrong));
  });
}

function checkOwners(owners: unknown, path: string, causes: StatusCause[]): void {
  if (owners === undefined || owners === null) return;
  if (!Array.isArray(owners)) {
    causes.push(fieldTypeInvalid(path, owners, 'must be a list'));
    return;
  }
  let controllers = 0;
  owners.forEach((owner: unknown, index) => {
    const at = indexPath(path, index);
    if (!isJsonObject(owner)) {
      causes.push(fieldTypeInvalid(at, owner, 'must be an object'));
      return;
    }
    for (const key of ['apiVersion', 'kind', 'name', 'uid']) {
      if (typeof owner[key] !== 'string' || owner[key] === '') {
        causes.push(fieldInvalid(childPath(at, key), owner[key] ?? '', key === 'apiVersion' ? 'version must not be empty' : 'must not be empty'));
      }
    }
    if (owner['controller'] === true && ++controllers === 2) {
      causes.push(fieldInvalid(path, owners, 'Only one reference can have Controller set to true'));
    }
  });
}
