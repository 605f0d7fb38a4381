import { cronJobs, jobs, type CronJob, type Job } from '@plinth/api';
import { isAlreadyExists } from '@plinth/apimachinery';
import { done, retryAfter, runController, type Controller } from '@plinth/controller-runtime';
import { isTrue } from '../../objects/conditions.ts';
import { timeOf } from '../../objects/time.ts';
import { controllerRequest, dependentsOf, indexByController, type ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { writeStatus } from '../write-status.ts';
import { parseSchedule, type Schedule } from './parse-schedule.ts';
import { planCronJob } from './plan.ts';

/** Makes Jobs at the times of a schedule. */
export function startCronJobController(context: ControllerContext): Controller {
  const { cache, clock } = context;
  const { client } = cache;
  const events = context.events('cronjob-controller');
  const informer = cache.informer<CronJob>(cronJobs);
  const jobInformer = cache.informer<Job>(jobs);
  indexByController(jobInformer);
  return runController({
    ...context,
    name: 'cronjob',
    sources: [{ informer }, { informer: jobInformer, map: controllerRequest('CronJob') }],
    reconcile: async (request) => {
      const cronJob = informer.get(request);
      if (!cronJob?.spec || cronJob.metadata.deletionTimestamp) return done;
      const note = (type: 'Normal' | 'Warning', reason: string, message: string): void => events.record(cronJobs, cronJob, { type, reason, message });
      let schedule: Schedule;
      try {
        schedule = parseSchedule(cronJob.spec.schedule);
      } catch (error) {
        note('Warning', 'UnparseableSchedule', `unparseable schedule ${JSON.stringify(cronJob.spec.schedule)}: ${error instanceof Error ? error.message : String(error)}`);
        return done;
      }
      const owned = dependentsOf(jobInformer, cronJob);
      const plan = planCronJob(cronJob, owned, schedule, clock.now());
      for (const job of plan.remove) {
        await deleteObject(client, jobs, job, { propagationPolicy: 'Background' });
        note('Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
      }
      if (plan.missed) note('Warning', plan.missed.why, plan.missed.why === 'JobAlreadyActive' ? 'Not starting job because prior execution is running and concurrency policy is Forbid' : `Missed scheduled time to start a job: ${timeOf(plan.missed.scheduledMs)}`);
      const active = [...plan.active];
      if (plan.create) {
        try {
          active.push(await client.create(jobs, plan.create.job));
          note('Normal', 'SuccessfulCreate', `Created job ${plan.create.job.metadata.name}`);
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
        }
      }
      const scheduledMs = plan.create?.scheduledMs ?? plan.missed?.scheduledMs;
      const lastSuccess = owned.filter((job) => isTrue(job.status?.conditions, 'Complete')).flatMap((job) => job.status?.completionTime ?? []).toSorted().at(-1);
      const lastSuccessfulTime = lastSuccess ?? cronJob.status?.lastSuccessfulTime;
      const lastScheduleTime = scheduledMs === undefined ? cronJob.status?.lastScheduleTime : timeOf(scheduledMs);
      await writeStatus(client, cronJobs, cronJob, {
        ...(active.length > 0
          ? { active: active.map(({ metadata: { name, namespace, uid } }) => ({ apiVersion: 'batch/v1', kind: 'Job', name, namespace: namespace!, uid: uid! })) }
          : {}),
        ...(lastScheduleTime ? { lastScheduleTime } : {}),
        ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
      } as NonNullable<CronJob['status']>);
      return plan.wakeAtMs === undefined ? done : retryAfter(Math.max(1, plan.wakeAtMs - clock.now()));
    },
  });
}
