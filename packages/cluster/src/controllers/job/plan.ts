import { jobs, type Job, type Pod } from '@plinth/api';
import { isTrue } from '../../objects/conditions.ts';
import { controllerReference } from '../../objects/owner.ts';
import { isPodActive, restartsOf } from '../../objects/pod.ts';
import { podFromTemplate } from '../../objects/pod-from-template.ts';
import { msOf } from '../../objects/time.ts';
import { failureCause } from './failure-cause.ts';

/** What the Job controller looks at: the Job and the pods that it controls. */
export interface JobSnapshot {
  readonly job: Job;
  readonly pods: readonly Pod[];
}

export interface JobLimits {
  /** Before a failed pod is replaced; doubles with each failure up to {@link JobLimits.maxBackoffMs}. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

export const DEFAULT_JOB_LIMITS: JobLimits = { backoffMs: 10_000, maxBackoffMs: 360_000 };

/** How the Job stands after this round. */
export type JobOutcome =
  | { readonly type: 'running' }
  | { readonly type: 'suspended' }
  | { readonly type: 'complete' }
  /** It was complete or had failed before. */
  | { readonly type: 'finished' }
  | { readonly type: 'failed'; readonly reason: 'BackoffLimitExceeded' | 'DeadlineExceeded'; readonly message: string };

export interface JobPlan {
  readonly outcome: JobOutcome;
  /** Pods to make now. */
  readonly create: number;
  /** Pods to delete now. */
  readonly remove: readonly Pod[];
  /** The Job's time to live is over. */
  readonly expired: boolean;
  /** When to look again although nothing changes: a deadline, a back-off, the time to live. */
  readonly wakeAtMs?: number;
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * What to do for a Job now.
 *
 * Succeeded and failed pods are counted from those that exist and never less than the status says, so that a pod that
 * somebody deletes after the Job counted it stays counted. (Kubernetes holds every pod with a finalizer to count it
 * exactly once; here that would cost a write per pod, and only a Job of several completions whose finished pods are
 * deleted while it runs could see the difference: it may run one more.)
 */
export function planJob({ job, pods }: JobSnapshot, nowMs: number, limits: JobLimits = DEFAULT_JOB_LIMITS): JobPlan {
  const spec = job.spec!;
  const active = pods.filter(isPodActive);
  const succeeded = Math.max(pods.filter((pod) => pod.status?.phase === 'Succeeded').length, job.status?.succeeded ?? 0);
  const failedPods = pods.filter((pod) => pod.status?.phase === 'Failed');
  const failed = Math.max(failedPods.length, job.status?.failed ?? 0);
  const idle = { create: 0, remove: active, expired: false, succeeded, failed };

  if (isFinished(job)) {
    const ttlMs = spec.ttlSecondsAfterFinished === undefined ? undefined : spec.ttlSecondsAfterFinished * 1000;
    const expiresAtMs = ttlMs === undefined ? undefined : finishedAtMs(job) + ttlMs;
    return {
      ...idle,
      outcome: { type: 'finished' },
      expired: expiresAtMs !== undefined && expiresAtMs <= nowMs,
      ...(expiresAtMs !== undefined ? { wakeAtMs: expiresAtMs } : {}),
    };
  }
  if (spec.completions === undefined || spec.completions === null ? succeeded > 0 && active.length === 0 : succeeded >= spec.completions) {
    return { ...idle, outcome: { type: 'complete' } };
  }
  const limit = spec.backoffLimit ?? 6;
  if (failed > limit || restartsExceed(job, pods, limit)) {
    const message = `Job has reached the specified backoff limit${failureCause(pods)}`;
    return { ...idle, outcome: { type: 'failed', reason: 'BackoffLimitExceeded', message } };
  }
  if (spec.suspend) return { ...idle, outcome: { type: 'suspended' } };
  const startedAtMs = msOf(job.status?.startTime) ?? nowMs;
  const deadlineMs = spec.activeDeadlineSeconds === undefined ? undefined : startedAtMs + spec.activeDeadlineSeconds * 1000;
  if (deadlineMs !== undefined && deadlineMs <= nowMs) {
    const message = `Job was active longer than specified deadline${failureCause(pods)}`;
    return { ...idle, outcome: { type: 'failed', reason: 'DeadlineExceeded', message } };
  }

  const parallelism = spec.parallelism ?? 1;
  const wanted =
    spec.completions === undefined || spec.completions === null
      ? succeeded > 0 ? active.length : parallelism
      : Math.min(parallelism, spec.completions - succeeded);
  const retryAtMs = backoffUntilMs(failedPods, limits);
  const mayCreate = retryAtMs === undefined || retryAtMs <= nowMs;
  const create = mayCreate ? Math.min(Math.max(0, wanted - active.length), MAX_CREATED_AT_ONCE) : 0;
  const wakes = [deadlineMs, mayCreate ? undefined : retryAtMs].filter((wake) => wake !== undefined);
  return {
    outcome: { type: 'running' },
    create,
    remove: active.length > wanted ? active.toSorted(youngestFirst).slice(0, active.length - wanted) : [],
    expired: false,
    ...(wakes.length > 0 ? { wakeAtMs: Math.min(...wakes) } : {}),
    succeeded,
    failed,
  };
}

export const isFinished = (job: Job): boolean => isTrue(job.status?.conditions, 'Complete') || isTrue(job.status?.conditions, 'Failed');

/** The next pod of a Job: `<job>-<suffix>`, with the labels by which its pods are found. */
export function jobPod(job: Job, suffix: string): Pod {
  const uid = job.metadata.uid!;
  return podFromTemplate(job.spec?.template, {
    name: `${job.metadata.name.slice(0, MAX_PREFIX)}-${suffix}`,
    namespace: job.metadata.namespace!,
    labels: {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': job.metadata.name,
      'controller-uid': uid,
      'job-name': job.metadata.name,
    },
    owner: controllerReference(jobs, job),
  });
}

const MAX_CREATED_AT_ONCE = 500;
const MAX_PREFIX = 57;

/** Pods that restart in place do not fail; their restarts count against the limit instead. */
function restartsExceed(job: Job, pods: readonly Pod[], limit: number): boolean {
  if (job.spec?.template?.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending')
    .reduce((total, pod) => total + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function backoffUntilMs(failedPods: readonly Pod[], limits: JobLimits): number | undefined {
  if (failedPods.length === 0) return undefined;
  const last = Math.max(...failedPods.map(endedAtMs));
  return last + Math.min(limits.backoffMs * 2 ** Math.min(failedPods.length - 1, 20), limits.maxBackoffMs);
}

function endedAtMs(pod: Pod): number {
  const ends = (pod.status?.containerStatuses ?? []).flatMap((status) => msOf(status.state?.terminated?.finishedAt) ?? []);
  return Math.max(0, ...ends, ends.length === 0 ? (msOf(pod.metadata.creationTimestamp) ?? 0) : 0);
}

function finishedAtMs(job: Job): number {
  const condition = job.status?.conditions?.find((each) => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True');
  return msOf(job.status?.completionTime) ?? msOf(condition?.lastTransitionTime) ?? 0;
}

const youngestFirst = (left: Pod, right: Pod): number =>
  (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '') || left.metadata.name.localeCompare(right.metadata.name);
