import { parseApiVersion, type KubeObject } from '@plinth/apimachinery';

/** `Kind/namespace/name`, or `Kind/name` for cluster-scoped objects: how every message names an object. */
export const subjectOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.kind}/${object.metadata.namespace}/${object.metadata.name}` : `${object.kind}/${object.metadata.name}`;

/** What makes two manifests the same object: the version of its API does not. */
export interface ObjectIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly group: string;
  readonly kind: string;
}

export const identityOf = (object: KubeObject): ObjectIdentity => ({
  namespace: object.metadata.namespace ?? '',
  name: object.metadata.name,
  group: parseApiVersion(object.apiVersion).group,
  kind: object.kind,
});

/** The id of an inventory entry: `namespace_name_group_kind`, with `:` in names written as `__`. */
export const inventoryId = ({ namespace, name, group, kind }: ObjectIdentity): string =>
  `${namespace}_${name.replaceAll(':', '__')}_${group}_${kind}`;

/** The inverse of {@link inventoryId}; undefined when `id` is none. */
export function parseInventoryId(id: string): ObjectIdentity | undefined {
  const first = id.indexOf('_');
  const last = id.lastIndexOf('_');
  const beforeLast = id.lastIndexOf('_', last - 1);
  if (first < 0 || beforeLast <= first) return undefined;
  const name = id.slice(first + 1, beforeLast).replaceAll('__', ':');
  const kind = id.slice(last + 1);
  if (name === '' || kind === '') return undefined;
  return { namespace: id.slice(0, first), name, group: id.slice(beforeLast + 1, last), kind };
}
