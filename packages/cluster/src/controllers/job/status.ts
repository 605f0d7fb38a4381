import type { Job } from '@plinth/api';
import { findCondition, withCondition } from '../../objects/conditions.ts';
import { isPodActive, isPodReady } from '../../objects/pod.ts';
import { timeOf } from '../../objects/time.ts';
import type { Condition } from '../../objects/types.ts';
import type { JobPlan, JobSnapshot } from './plan.ts';

type Status = NonNullable<Job['status']>;

/** The status after a plan has been carried out; `created` pods are on their way and count as active. */
export function jobStatus({ job, pods }: JobSnapshot, plan: JobPlan, created: number, nowMs: number): Status {
  const before = job.status;
  const over = plan.outcome.type !== 'running';
  const active = over ? 0 : pods.filter(isPodActive).length + created - plan.remove.length;
  const ready = over ? 0 : pods.filter((pod) => isPodActive(pod) && isPodReady(pod)).length;
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed').length;
  const startTime = plan.outcome.type === 'suspended' ? undefined : (before?.startTime ?? timeOf(nowMs));
  const conditions = conditionsOf(job, plan, nowMs);
  const completionTime = before?.completionTime ?? (plan.outcome.type === 'complete' ? timeOf(nowMs) : undefined);
  return {
    ...(active > 0 ? { active } : {}),
    ...(completionTime ? { completionTime } : {}),
    ...(conditions && conditions.length > 0 ? { conditions } : {}),
    ...(plan.failed > 0 ? { failed: plan.failed } : {}),
    ready,
    ...(startTime ? { startTime } : {}),
    ...(plan.succeeded > 0 ? { succeeded: plan.succeeded } : {}),
    terminating,
    uncountedTerminatedPods: {},
  } as Status;
}

function conditionsOf(job: Job, plan: JobPlan, nowMs: number): readonly Condition[] | undefined {
  const before = job.status?.conditions as readonly Condition[] | undefined;
  const add = (list: readonly Condition[] | undefined, ...next: readonly Condition[]): readonly Condition[] | undefined =>
    next.reduce<readonly Condition[] | undefined>((all, condition) => withCondition(all, { lastProbeTime: timeOf(nowMs), ...condition }, nowMs), list);
  switch (plan.outcome.type) {
    case 'complete': {
      const why = { status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
      return add(before, { type: 'SuccessCriteriaMet', ...why }, { type: 'Complete', ...why });
    }
    case 'failed': {
      const why = { status: 'True', reason: plan.outcome.reason, message: plan.outcome.message };
      return add(before, { type: 'FailureTarget', ...why }, { type: 'Failed', ...why });
    }
    case 'finished':
      return before;
    case 'suspended':
      return add(before, { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' });
    case 'running':
      return findCondition(before, 'Suspended')?.status === 'True'
        ? add(before, { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' })
        : before;
    default:
      return plan.outcome satisfies never;
  }
}
