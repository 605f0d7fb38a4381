import { type ConditionUpdate, latestProof } from '../conditions.ts';
import type { WorksStanding } from '../work/standing.ts';
import type { WorkflowOutcome } from './status.ts';

/** The condition Reconciled of Promises and requests, whose message is the STATUS that people see (contract, section 2.6). */
export function reconciledCondition(standing: WorkflowOutcome['standing'], { state: works, provedAt }: Pick<WorksStanding, 'state' | 'provedAt'>): ConditionUpdate {
  const type = 'Reconciled';
  switch (standing) {
    case 'pending':
      return { type, status: 'Unknown', reason: 'WorkflowPending', message: 'Pending' };
    case 'failed':
      return { type, status: 'False', reason: 'ConfigureWorkflowFailed', message: 'Failing' };
    case 'suspended':
      return { type, status: 'Unknown', reason: 'WorkflowSuspended', message: 'Suspended' };
    case 'none':
    case 'succeeded':
      if (works === 'pending') return { type, status: 'Unknown', reason: 'WorksPending', message: 'Pending' };
      if (works === 'succeeded') return { type, status: 'True', reason: 'Reconciled', message: 'Reconciled', ...latestProof([provedAt]) };
      return { type, status: 'False', reason: 'WorksFailing', message: 'Failing' };
    default:
      return standing satisfies never;
  }
}

export const PAUSED: ConditionUpdate = { type: 'Reconciled', status: 'Unknown', reason: 'PausedReconciliation', message: 'Paused' };
