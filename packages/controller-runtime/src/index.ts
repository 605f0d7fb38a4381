/**
 * Machines for controllers, none of which knows a kind. Kept inside: how an informer is filled and how its index works.
 */
export type * from './types.ts';
export { backoffMs, type BackoffOptions } from './backoff.ts';
export { createCache, type CacheOptions } from './cache.ts';
export { findCondition, isConditionTrue, setCondition, type Condition } from './conditions.ts';
export { createEventRecorder, type EventRecorder, type EventRecorderOptions, type RecordedEvent } from './event-recorder.ts';
export { sleep, systemClock, type Clock } from './clock.ts';
export { defaultLogger, silentLogger, type Logger } from './logger.ts';
export { mergeDiff } from './merge-diff.ts';
export { observeControllers, type ControllersObserver } from './observe-controllers.ts';
export { controllerOf, ownerRequests } from './owner-requests.ts';
export { patchStatus, type PatchStatusOptions } from './patch-status.ts';
export { done, retryAfter } from './results.ts';
export { runController } from './run-controller.ts';
export { TerminalError } from './terminal-error.ts';
export { createTokenBucket, NORMAL_EVENTS, type TokenBucket } from './token-bucket.ts';
export { watcher, type WatcherEvent, type WatcherOptions } from './watcher.ts';
export { addFinalizers, dropFinalizers, withFinalizer, type FinalizerHandlers } from './with-finalizer.ts';
export { withLease, type LeaseOptions } from './with-lease.ts';
export { createWorkQueue, type WorkQueue, type WorkQueueOptions } from './work-queue.ts';
export { writeThrough } from './write-through.ts';
