import { ApiError, type Status } from '@plinth/apimachinery';

/**
 * There was no answer to a request: the server could not be reached, the connection broke, or what came back was not
 * the language of a Kubernetes API.
 */
export class TransportError extends Error {
  readonly kind: 'unreachable' | 'broken' | 'timeout' | 'untrusted' | 'malformed' | 'tooLarge';

  constructor(kind: TransportError['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransportError';
    this.kind = kind;
  }

  /** Worth trying again as it is. After a write that ended `broken` or in a `timeout` the write may have happened. */
  shouldRetry(): boolean {
    return this.kind === 'unreachable' || this.kind === 'broken' || this.kind === 'timeout';
  }
}

export const isTransportError = (error: unknown): error is TransportError => error instanceof TransportError;

/** Whether an attempt that failed so may do better later, unchanged: no answer, or an answer that says "not now". */
export function isRetryable(error: unknown): boolean {
  if (isTransportError(error)) return error.shouldRetry();
  return error instanceof ApiError && [408, 429, 500, 502, 503, 504].includes(error.status.code);
}

/** Turns a reply that is not a success into an error; also replies of proxies, which know no `Status`. */
export function failureOf(status: number, body: unknown): ApiError {
  if (isStatus(body)) return new ApiError(body.code ? body : { ...body, code: status });
  const text = typeof body === 'string' ? body.trim().slice(0, 1000) : '';
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: '',
    message: text || `the server answered with status ${status} and no message`,
    code: status,
  });
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'Status';
}
