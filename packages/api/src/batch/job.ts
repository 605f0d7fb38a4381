import { boolean, freeObject, int32, int64, list, object, string, time, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { labelSelector, looseConditions } from '../schema/meta.ts';
import { podTemplate } from '../core/pod-spec.ts';
import { shortDuration } from '../core/pod-columns.ts';
import { selectorColumn, templateColumns } from '../apps/columns.ts';

export const jobSpec = object(
  'What runs, and how often it is tried.',
  {
    template: podTemplate,
    parallelism: int32('Pods at the same time.', { default: 1 }),
    completions: int32('Pods that must succeed.', { default: 1 }),
    backoffLimit: int32('Failures after which the job has failed.', { default: 6 }),
    backoffLimitPerIndex: int32('Failures per index.'),
    maxFailedIndexes: int32('Indexes that may fail.'),
    activeDeadlineSeconds: int64('Seconds after which the job has failed.'),
    ttlSecondsAfterFinished: int32('Seconds after the end until the job is deleted.'),
    selector: labelSelector,
    manualSelector: boolean('The selector was written by hand.'),
    completionMode: string('NonIndexed or Indexed.', { default: 'NonIndexed' }),
    suspend: boolean('Run no pods for now.', { default: false }),
    podFailurePolicy: freeObject('What failures mean.'),
    podReplacementPolicy: string('TerminatingOrFailed or Failed.'),
    successPolicy: freeObject('When the job counts as succeeded.'),
    managedBy: string('The controller of the job.'),
  },
  ['template'],
);
export interface JobSpec extends Of<typeof jobSpec> {}

const jobStatus = object('What is known of the job.', {
  active: int32('Pods that run.'),
  ready: int32('Pods that are ready.'),
  succeeded: int32('Pods that succeeded.'),
  failed: int32('Pods that failed.'),
  terminating: int32('Pods on their way out.'),
  startTime: time('When the job began.', { nullable: true }),
  completionTime: time('When the job succeeded.', { nullable: true }),
  completedIndexes: string('Indexes that succeeded.'),
  failedIndexes: string('Indexes that failed.'),
  uncountedTerminatedPods: freeObject('Ended pods that are not counted yet.'),
  conditions: looseConditions,
});
export interface JobStatus extends Of<typeof jobStatus> {}

export const jobs = builtinKind({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
  description: 'Runs pods to their end.',
  fields: { spec: jobSpec, status: jobStatus },
  categories: ['all'],
  subresources: { status: true },
  selectableFields: ['.status.successful'],
  columns: [
    { name: 'Status', type: 'string', description: 'State of the job.', value: (j) => stateOf(j) },
    {
      name: 'Completions',
      type: 'string',
      description: 'Pods that succeeded, of all wanted.',
      value: (j) => `${j.status?.succeeded ?? 0}/${j.spec?.completions ?? 1}`,
    },
    {
      name: 'Duration',
      type: 'string',
      description: 'How long it ran.',
      value: (j, now) => {
        if (!j.status?.startTime) return '';
        const end = j.status.completionTime ? Date.parse(j.status.completionTime) : now;
        return shortDuration(end - Date.parse(j.status.startTime));
      },
    },
    age,
    ...templateColumns,
    selectorColumn,
  ],
});
export interface Job extends ObjectIn<typeof jobs> {}

function stateOf(job: { readonly metadata: { readonly deletionTimestamp?: string }; readonly status?: JobStatus }): string {
  const is = (type: string) => job.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  if (is('Complete')) return 'Complete';
  if (is('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  if (is('Suspended')) return 'Suspended';
  if (is('FailureTarget')) return 'FailureTarget';
  if (is('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

export const cronJobs = builtinKind({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
  description: 'Makes a Job at set times.',
  fields: {
    spec: object(
      'When, and what.',
      {
        schedule: string('Times in cron notation.'),
        timeZone: string('Time zone of the schedule.'),
        jobTemplate: object('The Job to make.', { metadata: freeObject('Labels and annotations.'), spec: jobSpec }),
        startingDeadlineSeconds: int64('How late a Job may begin.'),
        concurrencyPolicy: string('Allow, Forbid or Replace.', { default: 'Allow' }),
        suspend: boolean('Make no Jobs for now.', { default: false }),
        successfulJobsHistoryLimit: int32('Succeeded Jobs to keep.', { default: 3 }),
        failedJobsHistoryLimit: int32('Failed Jobs to keep.', { default: 1 }),
      },
      ['schedule', 'jobTemplate'],
    ),
    status: object('What is known of the schedule.', {
      active: list('Jobs that run.', freeObject('A reference.')),
      lastScheduleTime: time('When a Job was last made.', { nullable: true }),
      lastSuccessfulTime: time('When a Job last succeeded.', { nullable: true }),
    }),
  },
  shortNames: ['cj'],
  categories: ['all'],
  subresources: { status: true },
  columns: [
    { name: 'Schedule', type: 'string', description: 'Times.', jsonPath: '.spec.schedule' },
    { name: 'Timezone', type: 'string', description: 'Time zone.', value: (c) => c.spec?.timeZone || '<none>' },
    { name: 'Suspend', type: 'string', description: 'No Jobs for now.', value: (c) => (c.spec?.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', description: 'Jobs that run.', value: (c) => c.status?.active?.length ?? 0 },
    {
      name: 'Last Schedule',
      type: 'string',
      description: 'Time since a Job was last made.',
      value: (c, now) => (c.status?.lastScheduleTime ? shortDuration(now - Date.parse(c.status.lastScheduleTime)) : '<none>'),
    },
    age,
  ],
});
export interface CronJob extends ObjectIn<typeof cronJobs> {}
