import type { KubeObject, UnstructuredObject } from './object.ts';
import type { Status } from './status.ts';

/** One line of a watch. A `BOOKMARK` carries only kind, apiVersion and metadata.resourceVersion. */
export type WatchEvent<T extends KubeObject = UnstructuredObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly object: Status };
