import { jobs, pods, type Job, type Pod } from '@plinth/api';
import { deepEqual, randomSuffix } from '@plinth/apimachinery';
import { done, retryAfter, runController, type Controller } from '@plinth/controller-runtime';
import { controllerRequest, dependentsOf, indexByController, type ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';
import { writeStatus } from '../write-status.ts';
import { DEFAULT_JOB_LIMITS, isFinished, jobPod, planJob, type JobLimits } from './plan.ts';
import { jobStatus } from './status.ts';

/**
 * When to write a status that differs only in how many pods are ready (ms): in the second after the last of them changed (its
 * time has no fractions); 0: at once. Pods of pipelines are over by then. Kubernetes' own controller waits as long: https://github.com/kubernetes/enhancements/issues/2879
 */
function readySettlesAt({ status: before }: Job, { ready, ...rest }: NonNullable<Job['status']>, pods: readonly Pod[]): number {
  if (!before) return 0;
  const { ready: readyBefore, ...previous } = before;
  if (ready === readyBefore || !deepEqual(previous, rest)) return 0;
  const changes = pods.map((pod) => Date.parse(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''));
  return Math.max(0, ...changes.filter(Number.isFinite)) + 1000;
}

/** Runs pods until enough of them have succeeded. */
export function startJobController(context: ControllerContext, limits: JobLimits = DEFAULT_JOB_LIMITS): Controller {
  const { cache, clock, random } = context;
  const { client } = cache;
  const events = context.events('job-controller');
  const informer = cache.informer<Job>(jobs);
  const podInformer = cache.informer<Pod>(pods);
  indexByController(podInformer);
  return runController({
    ...context,
    name: 'job',
    concurrency: 32,
    sources: [{ informer }, { informer: podInformer, map: controllerRequest('Job') }],
    reconcile: async (request) => {
      const job = informer.get(request);
      if (!job?.spec || job.metadata.deletionTimestamp) return done;
      const note = (type: 'Normal' | 'Warning', reason: string, message: string): void => events.record(jobs, job, { type, reason, message });
      const snapshot = { job, pods: dependentsOf(podInformer, job) };
      const plan = planJob(snapshot, clock.now(), limits);
      if (plan.expired) {
        await deleteObject(client, jobs, job, { propagationPolicy: 'Foreground' });
        return done;
      }
      const created = await Promise.all(
        Array.from({ length: plan.create }, async () => {
          const pod = await client.create(pods, context.place(jobPod(job, randomSuffix(random))));
          note('Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
        }),
      );
      for (const pod of plan.remove) {
        await deleteObject(client, pods, pod);
        note('Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
      }
      const status = jobStatus(snapshot, plan, created.length, clock.now());
      const settlesAtMs = readySettlesAt(job, status, snapshot.pods);
      if (settlesAtMs > clock.now()) return retryAfter(Math.max(1, Math.min(settlesAtMs, plan.wakeAtMs ?? Infinity) - clock.now()));
      await writeStatus(client, jobs, job, status);
      if (!isFinished(job)) {
        if (plan.outcome.type === 'complete') note('Normal', 'Completed', 'Job completed');
        if (plan.outcome.type === 'failed') note('Warning', plan.outcome.reason, plan.outcome.message);
      }
      return plan.wakeAtMs === undefined ? done : retryAfter(Math.max(1, plan.wakeAtMs - clock.now()));
    },
  });
}
