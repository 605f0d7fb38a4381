import { parseApiVersion, type KubeObject, type OwnerReference } from '@plinth/apimachinery';

import type { Request } from './types.ts';

/** The one owner that manages the object, if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller);

/**
 * A `map` for a source of dependents: the request of the owner that manages the object, when that is of `owner`'s kind.
 * An owner of a cluster-scoped kind has no namespace.
 */
export function ownerRequests(owner: { readonly group: string; readonly kind: string; readonly namespaced?: boolean }): (object: KubeObject) => readonly Request[] {
  return (object) => {
    const reference = controllerOf(object);
    if (!reference || reference.kind !== owner.kind || parseApiVersion(reference.apiVersion).group !== owner.group) return [];
    const { namespace } = object.metadata;
    return [owner.namespaced === false || !namespace ? { name: reference.name } : { namespace, name: reference.name }];
  };
}
