import { serviceUnavailable, type UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';
import { originOf } from '../storage/codec.ts';

/**
 * A stored object in the version that it was asked for in. The result is the same object for the same argument.
 *
 * Errors: ConversionNeeded when a webhook has to be asked first; see {@link converting} and {@link ensureConverted}.
 */
export function toServed(served: Served, stored: UnstructuredObject): UnstructuredObject {
  // What was written through `served` has been through its defaults already.
  if ((!served.read || (originOf(stored) === served && !served.write)) && stored.apiVersion === served.apiVersion) return stored;
  let ofKind = shown.get(served);
  if (!ofKind) shown.set(served, (ofKind = new WeakMap()));
  let object = ofKind.get(stored);
  if (!object) {
    const inVersion = needsWebhook(served, stored) ? convertedBefore(served, stored) : stored;
    object = served.read ? served.read(inVersion) : { ...inVersion, apiVersion: served.apiVersion };
    ofKind.set(stored, object);
  }
  return object;
}

const shown = new WeakMap<Served, WeakMap<UnstructuredObject, UnstructuredObject>>();

/** Objects that a webhook has to convert before they can be shown. */
export class ConversionNeeded extends Error {
  readonly served: Served;
  readonly objects: readonly UnstructuredObject[];
  constructor(served: Served, objects: readonly UnstructuredObject[]) {
    super(`${objects.length} objects are to be converted to ${served.apiVersion} first`);
    this.name = 'ConversionNeeded';
    this.served = served;
    this.objects = objects;
  }
}

/**
 * Runs something that reads, and runs it again when what it lacked has been converted. For reads alone: it may run several
 * times. Errors: those of `read`, and InternalError when the webhook fails.
 */
export async function converting<T>(read: () => T): Promise<T> {
  const known: Known = new Map();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      current = known;
      return read();
    } catch (error) {
      if (!(error instanceof ConversionNeeded)) throw error;
      current = undefined;
      const { served, objects } = error;
      const results = await served.convert!(objects, served.apiVersion);
      objects.forEach((stored, index) => known.set(identity(served, stored), results[index]!));
    } finally {
      current = undefined;
    }
  }
  throw serviceUnavailable('the objects changed faster than their conversion webhook answered; please try again');
}

/** So that `toServed` finds it. Undefined when it does anyway; so nobody waits for nothing. */
export function ensureConverted(served: Served, stored: UnstructuredObject): Promise<unknown> | undefined {
  return needsWebhook(served, stored) ? converting(() => toServed(served, stored)) : undefined;
}

/** An object that was read or made through `served`, in the version that is stored. Undefined when a change of its apiVersion is enough. */
export function toStorage(served: Served, object: UnstructuredObject): Promise<UnstructuredObject> | undefined {
  if (!served.convert || object.apiVersion === served.storageApiVersion) return undefined;
  return served.convert([object], served.storageApiVersion).then(([converted]) => converted!);
}

const needsWebhook = (served: Served, stored: UnstructuredObject): boolean => served.convert !== undefined && stored.apiVersion !== served.apiVersion;

function convertedBefore(served: Served, stored: UnstructuredObject): UnstructuredObject {
  const known = current?.get(identity(served, stored));
  if (!known) throw new ConversionNeeded(served, [stored]);
  return known;
}

/** By what the object is rather than which: an old revision is read from the disk anew each time. */
const identity = (served: Served, { metadata, apiVersion }: UnstructuredObject): string => [served.apiVersion, apiVersion, metadata.namespace, metadata.name, metadata.uid, metadata.resourceVersion].join(' ');

type Known = Map<string, UnstructuredObject>;

/** What the read that runs right now was converted for it. Reads do not wait, so there is one at a time. */
let current: Known | undefined;

const MAX_TRIES = 20;
