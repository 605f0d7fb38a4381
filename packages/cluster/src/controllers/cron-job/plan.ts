import { cronJobs, type CronJob, type Job } from '@plinth/api';
import type { KubeObject, ObjectMeta } from '@plinth/apimachinery';
import { isTrue } from '../../objects/conditions.ts';
import { controllerReference } from '../../objects/owner.ts';
import { msOf, timeOf } from '../../objects/time.ts';
import type { Schedule } from './parse-schedule.ts';

export interface CronJobPlan {
  /** The Job to make now, and the time that it stands for. */
  readonly create?: { readonly job: Job; readonly scheduledMs: number };
  /** Jobs to delete: history beyond its limits, and what `Replace` replaces. */
  readonly remove: readonly Job[];
  readonly active: readonly Job[];
  readonly wakeAtMs?: number;
  /** A time that passed without a Job, and why. */
  readonly missed?: { readonly scheduledMs: number; readonly why: 'JobAlreadyActive' | 'MissSchedule' };
}

/** What to do for a CronJob now. Of several times that have passed unseen only the last is made up for. */
export function planCronJob(cronJob: CronJob, owned: readonly Job[], schedule: Schedule, nowMs: number): CronJobPlan {
  const spec = cronJob.spec!;
  const active = owned.filter((job) => !finished(job));
  const history = [
    ...beyond(owned.filter((job) => isTrue(job.status?.conditions, 'Complete')), spec.successfulJobsHistoryLimit ?? 3),
    ...beyond(owned.filter((job) => isTrue(job.status?.conditions, 'Failed')), spec.failedJobsHistoryLimit ?? 1),
  ];
  if (spec.suspend) return { remove: history, active };

  const sinceMs = msOf(cronJob.status?.lastScheduleTime) ?? msOf(cronJob.metadata.creationTimestamp) ?? nowMs;
  const due = latestDue(schedule, sinceMs, nowMs);
  const wakeAtMs = schedule.next(nowMs);
  const wake = wakeAtMs === undefined ? {} : { wakeAtMs };
  if (due === undefined) return { remove: history, active, ...wake };
  const deadlineS = spec.startingDeadlineSeconds;
  if (deadlineS !== undefined && due + deadlineS * 1000 < nowMs) {
    return { remove: history, active, missed: { scheduledMs: due, why: 'MissSchedule' }, ...wake };
  }
  if (active.length > 0 && spec.concurrencyPolicy === 'Forbid') {
    return { remove: history, active, missed: { scheduledMs: due, why: 'JobAlreadyActive' }, ...wake };
  }
  const replaced = spec.concurrencyPolicy === 'Replace' ? active : [];
  return { create: { job: jobFor(cronJob, due), scheduledMs: due }, remove: [...history, ...replaced], active: active.filter((job) => !replaced.includes(job)), ...wake };
}

function latestDue(schedule: Schedule, sinceMs: number, nowMs: number): number | undefined {
  let due: number | undefined;
  let at = schedule.next(sinceMs);
  for (let count = 0; at !== undefined && at <= nowMs; count += 1) {
    due = at;
    // After a long sleep the times in between do not matter: go on close to now.
    at = schedule.next(count === MAX_MISSED ? Math.max(at, nowMs - 24 * 3_600_000) : at);
    if (count > 2 * MAX_MISSED) break;
  }
  return due;
}
const MAX_MISSED = 1000;

const finished = (job: Job): boolean => isTrue(job.status?.conditions, 'Complete') || isTrue(job.status?.conditions, 'Failed');

function beyond(jobs: readonly Job[], limit: number): readonly Job[] {
  const newestFirst = jobs.toSorted((left, right) => (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '') || right.metadata.name.localeCompare(left.metadata.name));
  return newestFirst.slice(limit);
}

/** The name says which time it stands for, so that the same time never makes two. */
function jobFor(cronJob: CronJob, scheduledMs: number): Job {
  const template = cronJob.spec!.jobTemplate;
  const meta = template?.metadata as Partial<ObjectMeta> | undefined;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${cronJob.metadata.name.slice(0, 52)}-${Math.floor(scheduledMs / 60_000)}`,
      namespace: cronJob.metadata.namespace!,
      ...(meta?.labels ? { labels: meta.labels } : {}),
      annotations: { ...meta?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': timeOf(scheduledMs) },
      ownerReferences: [controllerReference(cronJobs, cronJob)],
    },
    spec: template?.spec,
  } as KubeObject as Job;
}
