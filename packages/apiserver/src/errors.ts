import { badRequest, internalError, isApiError, isParseError, isPatchError, serviceUnavailable, type Status } from '@plinth/apimachinery';
import { StoreClosedError, WriteFailedError } from '@plinth/object-store';
import type { Log } from './core.ts';

/**
 * The one place where a throwable becomes an answer. What it does not know becomes a 500 that says nothing about our
 * insides; those details go to the log.
 */
export function toStatus(error: unknown, log: Log): Status {
  if (isApiError(error)) {
    if (error.status.code >= 500 && error.cause !== undefined) log('error', 'request failed', { err: error });
    return error.status;
  }
  if (isParseError(error) || isPatchError(error)) return badRequest(error.message).status;
  if (error instanceof WriteFailedError) {
    log('error', 'the store refused a write', { err: error });
    return serviceUnavailable('the object could not be made durable, nothing was changed: look at the free space of the disk that holds the data directory').status;
  }
  if (error instanceof StoreClosedError) return serviceUnavailable('the API server is stopping').status;
  log('error', 'request failed', { err: error });
  return internalError('look for "request failed" in the log of the API server').status;
}
