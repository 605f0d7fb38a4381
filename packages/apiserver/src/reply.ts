import type { ListMeta, UnstructuredObject } from '@plinth/apimachinery';
import type { Entry } from '@plinth/object-store';
import type { Served } from './registry/served.ts';
import type { WatchFeed } from './verbs/watch.ts';

/** The answer to a request, before it is turned into bytes (HTTP) or handed over as it is (in process). */
export type Reply =
  | { readonly type: 'value'; readonly status: number; readonly value: unknown; readonly contentType?: string }
  | ListReply
  | { readonly type: 'watch'; readonly feed: WatchFeed }
  | { readonly type: 'text'; readonly status: number; readonly text: string; readonly contentType: string }
  /** Already serialised, because it is large and seldom changes. */
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly contentType: string; readonly etag: string }
  | { readonly type: 'chunks'; readonly chunks: AsyncIterable<string | Uint8Array> };

/** A list whose items are still entries of the store: bytes for HTTP, objects for callers in process. */
export interface ListReply {
  readonly type: 'list';
  readonly served: Served;
  readonly metadata: ListMeta;
  readonly entries: readonly Entry[];
  readonly objects: () => readonly UnstructuredObject[];
}
