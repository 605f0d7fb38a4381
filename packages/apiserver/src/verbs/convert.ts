import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';

/** A stored object in the version that it was asked for in. Versions of a CRD differ in nothing but their name. */
export function toServed(served: Served, stored: UnstructuredObject): UnstructuredObject {
  if (served.read) return cached(served, stored, served.read);
  if (stored.apiVersion === served.apiVersion) return stored;
  return cached(served, stored, (object) => ({ ...object, apiVersion: served.apiVersion }));
}

function cached(served: Served, stored: UnstructuredObject, convert: (object: UnstructuredObject) => UnstructuredObject): UnstructuredObject {
  let ofKind = converted.get(served);
  if (!ofKind) converted.set(served, (ofKind = new WeakMap()));
  let object = ofKind.get(stored);
  if (!object) ofKind.set(stored, (object = convert(stored)));
  return object;
}

const converted = new WeakMap<Served, WeakMap<UnstructuredObject, UnstructuredObject>>();
