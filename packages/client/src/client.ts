import type {
  ApiResource,
  GroupVersionKind,
  KubeObject,
  ObjectKey,
  ObjectList,
  UnstructuredObject,
  WatchEvent,
} from '@plinth/apimachinery';

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Start after this version; absent or `0`: start with the current state as ADDED events. */
  readonly resourceVersion?: string;
  /** Asks the server to end the watch after this long; the server picks when absent. */
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** `status`, `scale`, `token`, `binding` ... */
  readonly subresource?: string;
}

export type PatchKind = 'merge' | 'json' | 'strategic' | 'apply';

export interface PatchOptions extends WriteOptions {
  /** Only for `apply`: take fields over from other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/**
 * A Kubernetes API, wherever it runs.
 *
 * Errors: every method rejects with an `ApiError` when the server answered with a failure (ask `isNotFound`,
 * `isConflict` ...), and with a `TransportError` when there was no answer. Objects that come back are shared and must
 * not be changed in place.
 */
export interface Client {
  get<T extends KubeObject = UnstructuredObject>(resource: ApiResource, key: ObjectKey): Promise<T>;
  /** Like {@link get}, with `undefined` instead of a NotFound error. */
  find<T extends KubeObject = UnstructuredObject>(resource: ApiResource, key: ObjectKey): Promise<T | undefined>;
  list<T extends KubeObject = UnstructuredObject>(resource: ApiResource, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(resource: ApiResource, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the object; conflicts unless `metadata.resourceVersion` is absent or current. */
  update<T extends KubeObject>(resource: ApiResource, object: T, options?: WriteOptions): Promise<T>;
  updateStatus<T extends KubeObject>(resource: ApiResource, object: T, options?: WriteOptions): Promise<T>;
  /** `patch` is the patch document: an object for merge, strategic and apply, an array for json. */
  patch<T extends KubeObject = UnstructuredObject>(
    resource: ApiResource,
    key: ObjectKey,
    kind: PatchKind,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  delete(resource: ApiResource, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  deleteCollection(resource: ApiResource, options: ListOptions & DeleteOptions): Promise<void>;
  /**
   * One watch connection: ends when the server closes it, when the connection drops (rejects) or when the signal
   * aborts (ends without error). Use an informer to survive all three.
   */
  watch<T extends KubeObject = UnstructuredObject>(
    resource: ApiResource,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
  /** Finds the resource that serves a kind, from discovery; cached, asked again once when unknown. */
  resolve(gvk: GroupVersionKind): Promise<ApiResource | undefined>;
  /** Any other request: subresources such as `pods/log`, `/version`, `/readyz`. */
  request(request: ClientRequest): Promise<ClientResponse>;
}

export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/api/v1/namespaces/default/pods/x/log` */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface ClientResponse {
  readonly status: number;
  /** Parsed when the reply is JSON, else the text. */
  readonly body: unknown;
}

/**
 * How a client reaches an API server: over sockets, or straight into one in the same process (`apiserver` offers
 * that). A transport knows the credentials and nothing of kinds.
 */
export interface Transport {
  request(request: ClientRequest): Promise<ClientResponse>;
  /** For watches: the reply's status, and its body as a stream of JSON values (one per line on the wire). */
  stream(request: ClientRequest & { readonly signal: AbortSignal }): Promise<{
    readonly status: number;
    /** The parsed failure when `status` is not 200, else undefined. */
    readonly failure?: unknown;
    readonly events: AsyncIterable<unknown>;
  }>;
}
