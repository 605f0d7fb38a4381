import type { Result } from './types.ts';

/** Nothing to do until something changes. */
export const done: Result = { type: 'done' };
/** Look again after `ms`, or earlier when something changes. */
export const retryAfter = (ms: number): Result => ({ type: 'retryAfter', ms });
