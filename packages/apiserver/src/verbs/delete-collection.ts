import { isNotFound, type ObjectList } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import type { Served } from '../registry/served.ts';
import { converting } from './convert.ts';
import { parseDeleteOptions, remove } from './delete.ts';
import { list } from './list.ts';

/** Deletes what a list with the same query would return. Objects that come while it works may stay. */
export async function deleteCollection(core: Core, served: Served, namespace: string | undefined, body: unknown, context: RequestContext): Promise<ObjectList> {
  const options = parseDeleteOptions(body, context.query);
  const { metadata, objects } = await converting(() => list(core, served, namespace, context));
  const items = objects();
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const part = items.slice(start, start + AT_ONCE).map(async ({ metadata: { name, namespace: own } }) => {
      try {
        await remove(core, { served, namespace: own, name }, options, context);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
    await Promise.all(part);
  }
  return { apiVersion: served.apiVersion, kind: served.kind.listKind, metadata, items };
}

/** Together they are one commit of the store. */
const AT_ONCE = 100;
