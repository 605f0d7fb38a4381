import { StateStoreError } from '../errors.ts';
import type { StateStoreReason } from '../errors.ts';

/** What the SDK throws, as far as it is looked at. */
interface S3Failure extends Error {
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Whether an object (rather than its bucket) is not there. */
export function isNotThere(error: unknown): boolean {
  const { name, $metadata } = error as S3Failure;
  // The answer to HEAD has no body that could tell a missing bucket; a list or an upload tells.
  return name === 'NoSuchKey' || (name === 'NotFound' && $metadata?.httpStatusCode === 404);
}

/** Whatever went wrong with a bucket, as a state store's error. `what`: what was tried, and where. */
export function explain(what: string, error: unknown): StateStoreError {
  if (error instanceof StateStoreError) return error;
  const failure = error as S3Failure;
  const status = failure.$metadata?.httpStatusCode;
  const reason = reasonOf(failure, status);
  const hint = hints[reason];
  return new StateStoreError(reason, `${what}: ${detailOf(failure, status)}`, { cause: error, ...(hint ? { hint } : {}) });
}

function reasonOf({ name, code }: S3Failure, status: number | undefined): StateStoreReason {
  if (name === 'AbortError') return 'aborted';
  if (name === 'NoSuchBucket' || name === 'InvalidBucketName') return 'not-found';
  if (status === 401 || status === 403 || refusals.test(name)) return 'unauthorized';
  if (status === undefined && (code !== undefined || name === 'TimeoutError')) return 'unreachable';
  if (status !== undefined && (status >= 500 || status === 429 || status === 408)) return 'unreachable';
  return status === 404 ? 'not-found' : 'failed';
}

/** Names of errors that no status tells: of the credentials that were looked for and not found, for one. */
const refusals = /^(?:CredentialsProviderError|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired)$/;

function detailOf({ name, message, code, Code }: S3Failure, status: number | undefined): string {
  if (code === 'ECONNREFUSED') return 'connection refused';
  const word = name !== 'Error' && name !== 'UnknownError' ? name : (Code ?? code ?? '');
  const text = message && message !== word && message !== 'UnknownError' ? message : '';
  return [status, word, text && word ? `(${text.slice(0, 300)})` : text.slice(0, 300)].filter(Boolean).join(' ');
}

const hints: Readonly<Partial<Record<StateStoreReason, string>>> = {
  unreachable: 'check spec.endpoint and spec.insecure, and that the server is running',
  unauthorized: 'check the access key in the Secret, and that it may list, read, write and delete in this bucket',
  'not-found': 'create the bucket, or correct spec.bucketName',
};
