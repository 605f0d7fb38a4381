import { findCondition } from '../conditions.ts';
import type { PlatformConfig } from '../config.ts';
import { parseGoDuration } from '../go-duration.ts';
import { COMPLETED, type WorkflowStatus } from './status.ts';

/**
 * When a workflow runs again although nothing changed, in ms, or undefined when it does not. Measured from the end of
 * the last run; a failed one counts when the installation says so.
 */
export function nextRunAt(status: WorkflowStatus, interval: string | undefined, config: PlatformConfig): number | undefined {
  const completed = findCondition(status.conditions, COMPLETED);
  const hasEnded = completed?.status === 'True' || (completed?.reason === 'ConfigureWorkflowFailed' && config.reconcileAfterFailure);
  if (!hasEnded) return undefined;
  const wanted = interval === undefined ? undefined : parseGoDuration(interval);
  const ms = wanted !== undefined && wanted >= MIN_INTERVAL_MS ? wanted : config.reconciliationIntervalMs;
  return ms > 0 ? Date.parse(completed.lastTransitionTime) + ms : undefined;
}

export const MIN_INTERVAL_MS = 60_000;
