import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';

/** A stored object in the version that it was asked for in. The result is the same object for the same argument. */
export function toServed(served: Served, stored: UnstructuredObject): UnstructuredObject {
  if (!served.read && stored.apiVersion === served.apiVersion) return stored;
  let ofKind = converted.get(served);
  if (!ofKind) converted.set(served, (ofKind = new WeakMap()));
  let object = ofKind.get(stored);
  if (!object) {
    object = served.read ? served.read(stored) : { ...stored, apiVersion: served.apiVersion };
    ofKind.set(stored, object);
  }
  return object;
}

/** Spares {@link toServed} the work for an object that has just been written through `served`. */
export function isAsServed(served: Served, stored: UnstructuredObject): void {
  if (!served.read || stored.apiVersion !== served.apiVersion) return;
  let ofKind = converted.get(served);
  if (!ofKind) converted.set(served, (ofKind = new WeakMap()));
  ofKind.set(stored, stored);
}

const converted = new WeakMap<Served, WeakMap<UnstructuredObject, UnstructuredObject>>();
