import { ApiError, gone, badRequest, parseResourceVersion, type Status } from '@plinth/apimachinery';
import type { RevisionError } from '@plinth/object-store';

/** A resourceVersion from a query: undefined when absent or `0` ("any version will do": ours is always the newest). */
export function queryVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '' || text === '0') return undefined;
  try {
    return parseResourceVersion(text);
  } catch {
    throw badRequest(`Invalid value for query parameter resourceVersion: ${JSON.stringify(text.slice(0, 64))}`);
  }
}

/** What a client is told when the past that it asks for is compacted. */
export const tooOld = (error: Pick<RevisionError, 'revision' | 'oldest'>): ApiError =>
  gone(`too old resource version: ${error.revision} (${error.oldest})`);

/** Asked for the future: the client saw another server, or this one with other data. It may try again. */
export function tooLarge(asked: number, current: number): ApiError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    code: 504,
  };
  return new ApiError(status);
}
