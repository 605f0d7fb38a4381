import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Core } from '../core.ts';
import { parseAccept } from '../accept.ts';
import type { Served } from '../registry/served.ts';
import type { ListReply, Reply } from '../reply.ts';
import type { ApiRequest } from '../request.ts';
import type { WatchFeed } from '../verbs/watch.ts';
import { partial, partialList } from './partial.ts';
import { tableFeed, tableOf } from './table.ts';

type Shown =
  | { readonly object: UnstructuredObject; readonly status?: number }
  | { readonly list: ListReply }
  | { readonly feed: WatchFeed };

/** The result of a verb as the caller asked to see it: as it is, as a Table, or as metadata alone. */
export function present(core: Core, request: ApiRequest, served: Served, shown: Shown): Reply {
  const form = request.accept === undefined ? undefined : parseAccept(request.accept).as;
  if ('object' in shown) {
    const status = shown.status ?? 200;
    if (form?.as === 'Table') return { type: 'value', status, value: tableOf(core, served, request.query, form.apiVersion, [shown.object], { resourceVersion: shown.object.metadata.resourceVersion ?? '' }) };
    if (form?.as === 'PartialObjectMetadata') return { type: 'value', status, value: partial(shown.object) };
    return { type: 'value', status, value: shown.object };
  }
  if ('list' in shown) {
    const { list } = shown;
    if (form?.as === 'Table') return { type: 'value', status: 200, value: tableOf(core, served, request.query, form.apiVersion, list.objects(), list.metadata) };
    if (form?.as === 'PartialObjectMetadataList' || form?.as === 'PartialObjectMetadata') return { type: 'value', status: 200, value: partialList(list.objects(), list.metadata) };
    return list;
  }
  const { feed } = shown;
  if (form?.as === 'Table') return { type: 'watch', feed: tableFeed(core, served, request.query, form.apiVersion, feed) };
  if (form?.as === 'PartialObjectMetadata') return { type: 'watch', feed: partialFeed(feed) };
  return { type: 'watch', feed };
}

function partialFeed(feed: WatchFeed): WatchFeed {
  return {
    served: feed.served,
    open: (sink) =>
      feed.open({
        end: sink.end,
        item: ({ type, object }) => sink.item({ type, object: type === 'ERROR' ? object : partial(object as UnstructuredObject) }),
      }),
  };
}
