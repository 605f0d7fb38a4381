/** How to reach a bucket. Never logged: it may hold a password. */
export interface BucketAddress {
  readonly bucket: string;
  /** Host and port, without a scheme. */
  readonly endpoint: string;
  readonly insecure: boolean;
  readonly region?: string;
  /** `ambient`: what the process finds around it (environment, profile, metadata of the machine); `anonymous`: requests are not signed. */
  readonly login: { readonly id: string; readonly secret: string } | 'ambient' | 'anonymous';
  /** PEM of the authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** PEM, for servers that ask who calls. */
  readonly client?: { readonly cert: string; readonly key: string };
  /** For one request. */
  readonly timeoutMs: number;
}

/** One object as a listing names it. ETags come without quotes. */
export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
}

/** A bucket on a server, as far as the agent needs it. Errors: {@link BucketError}. */
export interface RemoteBucket extends Disposable {
  /** All objects whose keys begin with `prefix`, a page at a time. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<readonly ListedObject[]>;
  /** Undefined when there is no such object. */
  get(key: string, signal: AbortSignal): Promise<{ readonly etag: string; readonly content: Buffer } | undefined>;
}

export type OpenBucket = (address: BucketAddress) => Promise<RemoteBucket>;

/** Why a bucket could not be read, in the reasons of Flux. */
export class BucketError extends Error {
  readonly reason: 'AuthenticationFailed' | 'BucketOperationFailed';

  constructor(reason: BucketError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BucketError';
    this.reason = reason;
  }
}
