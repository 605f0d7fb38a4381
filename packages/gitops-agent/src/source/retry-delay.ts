const FIRST_RETRY_MS = 750;
const MAX_RETRY_MS = 15 * 60_000;

/** How long to wait after this many failures in a row: twice as long each time, the interval at the longest (Flux: 15 minutes). */
export const retryDelay = (failures: number, intervalMs: number): number => Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), MAX_RETRY_MS, Math.max(intervalMs, FIRST_RETRY_MS));
