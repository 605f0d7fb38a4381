import type { ApiResource, KubeObject, ObjectList, UnstructuredObject } from '@plinth/apimachinery';

import type { Client, ListOptions } from './client.ts';

/**
 * The pages of a list, all of one resourceVersion, without ever holding more than one of them.
 *
 * Errors: an `ApiError` for which `isGone` holds when the list took so long that its version was compacted away: start again.
 */
export async function* listPages<T extends KubeObject = UnstructuredObject>(
  client: Client,
  resource: ApiResource,
  options: Omit<ListOptions, 'continue'> = {},
): AsyncGenerator<ObjectList<T>> {
  const { limit = 500, resourceVersion, resourceVersionMatch, ...rest } = options;
  const version = {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(resourceVersionMatch === undefined ? {} : { resourceVersionMatch }),
  };
  let page = await client.list<T>(resource, { ...rest, ...version, limit });
  yield page;
  while (page.metadata.continue) {
    // The token holds the version; the API refuses both together.
    page = await client.list<T>(resource, { ...rest, limit, continue: page.metadata.continue });
    yield page;
  }
}

/** The objects of a list, read page by page. */
export async function* listAll<T extends KubeObject = UnstructuredObject>(
  client: Client,
  resource: ApiResource,
  options: Omit<ListOptions, 'continue'> = {},
): AsyncGenerator<T> {
  for await (const page of listPages<T>(client, resource, options)) yield* page.items;
}
