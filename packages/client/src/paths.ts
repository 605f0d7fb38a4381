import { apiVersionOf, type ApiResource, type ObjectKey } from '@plinth/apimachinery';

/** `/api/v1/namespaces/default/pods`, or without the namespace for all of them and for cluster-scoped kinds. */
export function collectionPath(resource: ApiResource, namespace?: string): string {
  const root = `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}`;
}

/**
 * `/apis/apps/v1/namespaces/default/deployments/web/status`.
 *
 * Errors: a key without a name, or without a namespace for a namespaced kind, is a mistake of the caller and throws a
 * `TypeError`: sent as it is, the request would mean the whole collection.
 */
export function objectPath(resource: ApiResource, key: ObjectKey, subresource?: string): string {
  if (!key.name) throw new TypeError(`no name given for one of ${resource.plural}`);
  if (resource.namespaced && !key.namespace) {
    throw new TypeError(`no namespace given for ${resource.plural} "${key.name}"`);
  }
  const path = `${collectionPath(resource, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}
