import { findCondition } from '../conditions.ts';
import type { PlatformConfig } from '../config.ts';
import { parseGoDuration } from '../go-duration.ts';
import type { WorkflowAction } from './pipeline.ts';
import { COMPLETED, type WorkflowStatus } from './status.ts';

/**
 * When a workflow runs again although nothing changed, in ms, or undefined when it does not. Measured from the end of
 * the last run; a failed one counts when the installation says so. A delete workflow runs again only after a failure.
 */
export function nextRunAt(status: WorkflowStatus, interval: string | undefined, config: PlatformConfig, action: WorkflowAction = 'configure'): number | undefined {
  const endedAt = lastEnd(status, config, action);
  const ms = durationOf(interval) ?? config.reconciliationIntervalMs;
  return endedAt !== undefined && ms > 0 ? Date.parse(endedAt) + ms : undefined;
}

/** The first interval that can be used: a Go duration of at least a minute. */
export const usableInterval = (...candidates: readonly (string | undefined)[]): string | undefined => candidates.find((candidate) => durationOf(candidate) !== undefined);

function lastEnd({ conditions, kratix }: WorkflowStatus, config: PlatformConfig, action: WorkflowAction): string | undefined {
  const completed = findCondition(conditions, COMPLETED);
  if (action === 'configure' && completed?.status === 'True') return completed.lastTransitionTime;
  // The condition stays False from one failure to the next and keeps its time; the pipeline's phase moves with each run.
  const { run, pipelines = [] } = kratix?.workflows ?? {};
  if (!config.reconcileAfterFailure || (run?.action ?? 'configure') !== action) return undefined;
  return pipelines.find(({ phase }) => phase === 'Failed')?.lastTransitionTime;
}

function durationOf(interval: string | undefined): number | undefined {
  const ms = interval === undefined ? undefined : parseGoDuration(interval);
  return ms !== undefined && ms >= MIN_INTERVAL_MS ? ms : undefined;
}

export const MIN_INTERVAL_MS = 60_000;
