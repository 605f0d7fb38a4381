import { apiVersionOf, isNotFound } from '@plinth/apimachinery';
import type { ApiResource, GroupVersionKind } from '@plinth/apimachinery';

export interface Discovery {
  resolve(gvk: GroupVersionKind): Promise<ApiResource | undefined>;
}

interface ApiResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/**
 * Finds the resource that serves a kind. Keeps one answer per group and version and asks again when the kind is not in
 * it, because it may have been defined since. Questions about the same group version that arrive together are one request.
 */
export function createDiscovery(get: (path: string) => Promise<unknown>): Discovery {
  const known = new Map<string, ReadonlyMap<string, ApiResource>>();
  const asking = new Map<string, Promise<ReadonlyMap<string, ApiResource>>>();

  const ask = (gv: { readonly group: string; readonly version: string }): Promise<ReadonlyMap<string, ApiResource>> => {
    const key = apiVersionOf(gv);
    const running = asking.get(key);
    if (running) return running;
    const question = read(get, gv)
      .then((kinds) => {
        known.set(key, kinds);
        return kinds;
      })
      .finally(() => asking.delete(key));
    asking.set(key, question);
    return question;
  };

  return {
    resolve: async (gvk) => known.get(apiVersionOf(gvk))?.get(gvk.kind) ?? (await ask(gvk)).get(gvk.kind),
  };
}

async function read(
  get: (path: string) => Promise<unknown>,
  { group, version }: { readonly group: string; readonly version: string },
): Promise<ReadonlyMap<string, ApiResource>> {
  const kinds = new Map<string, ApiResource>();
  try {
    const list = (await get(`${group === '' ? '/api' : '/apis'}/${apiVersionOf({ group, version })}`)) as ApiResourceList;
    for (const { name, kind, namespaced } of list.resources ?? []) {
      // `pods/log` is a subresource. The first plural that serves a kind is the one for its objects.
      if (!name.includes('/') && !kinds.has(kind)) kinds.set(kind, { group, version, kind, plural: name, namespaced });
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return kinds;
}
