/**
 * Talking to a Kubernetes API. Runs in a browser too; what needs Node (sockets, files) is in `@plinth/client/node`.
 * Kept inside: how paths and queries are spelled.
 */
export type * from './client.ts';
export { createClient } from './create-client.ts';
export { TransportError, failureOf, isRetryable, isTransportError } from './errors.ts';
export { jsonLines } from './json-lines.ts';
export { listAll, listPages } from './list-pages.ts';
export { collectionPath, objectPath } from './paths.ts';
export { retryOnConflict, type RetryOnConflictOptions } from './retry-on-conflict.ts';
export { until, WaitTimeoutError, type UntilOptions } from './until.ts';
