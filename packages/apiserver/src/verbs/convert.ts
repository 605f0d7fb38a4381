import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';
import { originOf } from '../storage/codec.ts';

/** A stored object in the version that it was asked for in. The result is the same object for the same argument. */
export function toServed(served: Served, stored: UnstructuredObject): UnstructuredObject {
  // What was written through `served` has been through its defaults already.
  if ((!served.read || (originOf(stored) === served && !served.write)) && stored.apiVersion === served.apiVersion) return stored;
  let ofKind = converted.get(served);
  if (!ofKind) converted.set(served, (ofKind = new WeakMap()));
  let object = ofKind.get(stored);
  if (!object) {
    object = served.read ? served.read(stored) : { ...stored, apiVersion: served.apiVersion };
    ofKind.set(stored, object);
  }
  return object;
}

const converted = new WeakMap<Served, WeakMap<UnstructuredObject, UnstructuredObject>>();
