import type { Work } from '@plinth/api';
import type { EventRecorder } from '@plinth/controller-runtime';
import { findCondition } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { AppliedStep } from './apply.ts';

/** The two names under which Kratix reports (contract, section 4.4). */
export interface WorkRecorders {
  readonly scheduler: EventRecorder;
  readonly controller: EventRecorder;
}

/** Tells of what changed in the status of a Work, once for each change. Returns whether something has. */
export function recordWorkEvents({ scheduler, controller }: WorkRecorders, work: Work, after: NonNullable<Work['status']>): boolean {
  const before = findCondition(work.status?.conditions, 'ScheduleSucceeded');
  const now = findCondition(after.conditions, 'ScheduleSucceeded');
  if (!now || (before?.reason === now.reason && before.message === now.message)) return false;
  const { reason, message } = now;
  switch (reason) {
    case 'AllWorkplacementsScheduled':
      scheduler.record(work, { type: 'Normal', reason, message });
      return true;
    case 'UnscheduledWorkloads':
      if (work.spec?.resourceName) controller.record(work, { type: 'Warning', reason: 'WaitingDestination', message });
      else scheduler.record(work, { type: 'Warning', reason: 'NoMatchingDestination', message });
      return true;
    case 'WorkplacementsFailing':
      controller.record(work, { type: 'Warning', reason, message });
      return true;
    default:
      scheduler.record(work, { type: 'Warning', reason, message });
      return true;
  }
}

/** Tells of each placement that was made or changed, and of those that have become misplaced. */
export function recordPlacementEvents({ scheduler }: WorkRecorders, work: Work, applied: readonly AppliedStep[]): void {
  for (const { step, error } of applied) {
    if (error || (step.type !== 'createPlacement' && step.type !== 'updatePlacement')) continue;
    const { placement } = step;
    const operation = step.type === 'createPlacement' ? 'created' : 'updated';
    scheduler.record(work, { type: 'Normal', reason: 'WorkplacementReconciled', message: `workplacement reconciled: ${placement.metadata.name}, operation: ${operation}` });
    if (step.type === 'updatePlacement' && isMarked(placement, LABELS.misplaced) && !step.wasMisplaced) {
      scheduler.record(placement, { type: 'Warning', reason: 'DestinationSelectorMismatch', message: 'Target destination no longer matches destinationSelectors' });
    }
  }
}
