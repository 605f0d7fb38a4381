import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { nextRunAt, usableInterval } from './interval.ts';
import type { WorkflowStatus } from './status.ts';

const AT = '2026-01-01T00:00:00Z';
const LATER = '2026-01-01T05:00:00Z';
const HOUR = 60 * 60_000;
const completed = (status: 'True' | 'False', reason: string): WorkflowStatus => ({ conditions: [{ type: 'ConfigureWorkflowCompleted', status, reason, message: '', lastTransitionTime: AT }] });
const failed = (action: 'configure' | 'delete'): WorkflowStatus => ({
  ...completed(action === 'delete' ? 'True' : 'False', action === 'delete' ? 'PipelinesExecutedSuccessfully' : 'ConfigureWorkflowFailed'),
  kratix: { workflows: { run: { number: 1, action, hash: 'h', pipeline: 'make' }, pipelines: [{ name: 'make', phase: 'Failed', lastTransitionTime: LATER }] } },
});

describe(nextRunAt, () => {
  it('counts from the end of a run that succeeded', () => {
    const status = completed('True', 'PipelinesExecutedSuccessfully');
    expect(nextRunAt(status, '1h', DEFAULT_CONFIG)).toBe(Date.parse(AT) + HOUR);
    expect(nextRunAt(status, undefined, DEFAULT_CONFIG)).toBe(Date.parse(AT) + 10 * HOUR);
    expect(nextRunAt(status, undefined, { ...DEFAULT_CONFIG, reconciliationIntervalMs: 0 })).toBeUndefined();
  });

  it('counts from each failure anew, although the condition does not move, where failures are tried again', () => {
    expect(nextRunAt(failed('configure'), '1h', DEFAULT_CONFIG)).toBe(Date.parse(LATER) + HOUR);
    expect(nextRunAt(failed('configure'), '1h', { ...DEFAULT_CONFIG, reconcileAfterFailure: false })).toBeUndefined();
  });

  it('tells a delete workflow from the one that made the object', () => {
    expect(nextRunAt(failed('delete'), '1h', DEFAULT_CONFIG, 'delete')).toBe(Date.parse(LATER) + HOUR);
    expect(nextRunAt(completed('True', 'PipelinesExecutedSuccessfully'), '1h', DEFAULT_CONFIG, 'delete')).toBeUndefined();
  });

  it('does not count while a workflow is under way', () => {
    expect(nextRunAt(completed('False', 'PipelinesInProgress'), '1h', DEFAULT_CONFIG)).toBeUndefined();
  });
});

describe(usableInterval, () => {
  it('takes the first that is a duration of a minute or more', () => {
    expect(usableInterval('30s', 'soon', undefined, '2m', '1h')).toBe('2m');
    expect(usableInterval(undefined, '59s')).toBeUndefined();
  });
});
