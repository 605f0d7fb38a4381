/** A URL path taken apart as Kubernetes' request-info resolver does. */
export type ParsedPath =
  | { readonly type: 'resource'; readonly group: string; readonly version: string; readonly plural: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string }
  | { readonly type: 'other' };

const namespaceSubresources = new Set(['status', 'finalize']);

/**
 * `/api/V/...` and `/apis/G/V/...` with at least a resource are resource paths; everything else is not. The object
 * `/api/v1/namespaces/NAME` counts as being in the namespace NAME.
 */
export function parsePath(path: string): ParsedPath {
  const parts = path.split('/').filter((part) => part !== '');
  const prefix = parts[0] === 'api' ? 2 : parts[0] === 'apis' ? 3 : 0;
  if (prefix === 0 || parts.length <= prefix) return { type: 'other' };
  const group = prefix === 2 ? '' : parts[1]!;
  const version = parts[prefix - 1]!;
  let rest = parts.slice(prefix);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest.length >= 2) {
    namespace = rest[1];
    if (rest.length > 2 && !(rest.length === 3 && group === '' && namespaceSubresources.has(rest[2]!))) rest = rest.slice(2);
  }
  const [plural, name, ...sub] = rest;
  return {
    type: 'resource',
    group,
    version,
    plural: plural!,
    ...(namespace !== undefined ? { namespace } : {}),
    ...(name !== undefined ? { name } : {}),
    ...(sub.length > 0 ? { subresource: sub.join('/') } : {}),
  };
}
