import { apiVersionOf, type UnstructuredObject } from '@plinth/apimachinery';
import type { Kind } from '@plinth/api';
import type { Converter } from '../crd/conversion-webhook.ts';
import type { Strategy } from './strategy.ts';

/** One kind in one version, as it is served right now. */
export interface Served {
  readonly kind: Kind;
  readonly apiVersion: string;
  /** The apiVersion that objects are stored under; differs from `apiVersion` when another version is the storage version. */
  readonly storageApiVersion: string;
  /** All objects of the kind have keys that begin with this. Ends in a slash. */
  readonly prefix: string;
  readonly strategy: Strategy;
  /** Present for custom resources. */
  readonly crd?: { readonly name: string; readonly generation: number | undefined; readonly terminating: boolean };
  /**
   * Makes what is shown from what is stored, where this is more than the name of the version. Must be a pure function;
   * results are kept per object.
   */
  readonly read?: (stored: UnstructuredObject) => UnstructuredObject;
  /** Asks a webhook for objects in another version; present where changing the name of the version is not enough. */
  readonly convert?: Converter;
  /** The inverse of `read`. */
  readonly write?: (shown: UnstructuredObject) => UnstructuredObject;
  /** What clients are told in a `Warning` header. */
  readonly deprecationWarning?: string;
  /** The discovery order inside the group: higher first. */
  readonly priority: number;
}

/** `storage` names the kind in its storage version, when that is another one. */
export function serve(
  kind: Kind,
  strategy: Strategy,
  options: { readonly storage?: { readonly group: string; readonly version: string; readonly plural: string }; readonly crd?: Served['crd']; readonly read?: Served['read']; readonly write?: Served['write']; readonly convert?: Converter; readonly deprecationWarning?: string; readonly priority?: number } = {},
): Served {
  const storage = options.storage ?? kind;
  return {
    kind,
    apiVersion: apiVersionOf(kind),
    storageApiVersion: apiVersionOf(storage),
    prefix: prefixOf(storage),
    strategy,
    ...(options.crd ? { crd: options.crd } : {}),
    ...(options.read ? { read: options.read } : {}),
    ...(options.convert ? { convert: options.convert } : {}),
    ...(options.write ? { write: options.write } : {}),
    ...(options.deprecationWarning ? { deprecationWarning: options.deprecationWarning } : {}),
    priority: options.priority ?? 0,
  };
}

/** `/registry/apps/deployments/`; the core group, whose name is empty, is stored as `core`. */
export const prefixOf = (kind: { readonly group: string; readonly plural: string }): string =>
  `/registry/${kind.group || 'core'}/${kind.plural}/`;

/** Below which keys the objects of a namespace (or all) stand. */
export const listPrefix = (served: Served, namespace: string | undefined): string =>
  namespace === undefined || !served.kind.namespaced ? served.prefix : `${served.prefix}${namespace}/`;

export const objectKey = (served: Served, namespace: string | undefined, name: string): string =>
  listPrefix(served, namespace) + name;
