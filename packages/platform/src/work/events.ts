import type { Work } from '@plinth/api';
import type { EventRecorder } from '@plinth/controller-runtime';
import { findCondition } from '../conditions.ts';

/** Tells of what changed in a Work, once for each change (contract, section 4.4). */
export function recordWorkEvents(recorder: EventRecorder, work: Work, after: NonNullable<Work['status']>): void {
  const before = findCondition(work.status?.conditions, 'ScheduleSucceeded');
  const now = findCondition(after.conditions, 'ScheduleSucceeded');
  if (!now || (before?.reason === now.reason && before.message === now.message)) return;
  switch (now.reason) {
    case 'AllWorkplacementsScheduled':
      recorder.record(work, { type: 'Normal', reason: now.reason, message: now.message });
      return;
    case 'UnscheduledWorkloads':
      recorder.record(work, { type: 'Warning', reason: work.spec?.resourceName ? 'WaitingDestination' : 'NoMatchingDestination', message: now.message });
      return;
    default:
      recorder.record(work, { type: 'Warning', reason: now.reason, message: now.message });
  }
}
