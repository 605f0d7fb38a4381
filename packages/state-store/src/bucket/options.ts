/** Where and as whom a {@link BucketStateStore} writes. */
export interface BucketStateStoreOptions {
  readonly bucket: string;
  /** Host and port of the server: `minio.example.org:9000`, `s3.eu-west-1.amazonaws.com`. */
  readonly endpoint: string;
  /** Plain HTTP. */
  readonly insecure?: boolean;
  /** Folder of the bucket that is the store's root; `''` when absent. */
  readonly path?: string;
  /** Addresses of both families; for Amazon alone. */
  readonly useDualStack?: boolean;
  /** Absent: what the environment offers (variables, profile, metadata of container and instance, web identity). */
  readonly accessKey?: { readonly id: string; readonly secret: string; readonly sessionToken?: string };
  /** Absent: the one in an Amazon endpoint, that of the environment, or us-east-1. */
  readonly region?: string;
  /** PEM of the authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** For one request; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** How often one request is tried before it has failed; 3 when absent. */
  readonly attempts?: number;
  /** Most requests at once; 16 when absent. */
  readonly concurrency?: number;
  /**
   * Called when an object that this writer knows is gone or another one: somebody else was here. Noticed by {@link
   * BucketStateStore.probe}; a bucket tells nobody by itself.
   */
  readonly onForeignChange?: () => void;
}
