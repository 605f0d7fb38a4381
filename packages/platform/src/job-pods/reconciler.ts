import { pods, type Job } from '@plinth/api';
import { keyOf, keyString } from '@plinth/apimachinery';
import { type Controller, done, retryAfter, runController } from '@plinth/controller-runtime';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { BY_JOB } from '../runtime/informers.ts';
import { jobState } from '../workflow/job-state.ts';
import { jobLooksDifferent } from '../workflow/predicates.ts';

/**
 * Deletes the pods of finished Jobs after `podTtlSecondsAfterFinished` (contract, section 8.1: `podTTLSecondsAfterFinished`);
 * the Jobs stay, as the record of what ran. Without the setting it does nothing.
 */
export function runJobPodsController({ informers, client, config, clock, signal, log }: PlatformContext): Controller {
  return runController({
    name: 'jobpods',
    signal,
    log,
    clock,
    sources: [
      { informer: informers.jobs, predicate: (job, previous) => (config.podTtlSecondsAfterFinished ?? 0) > 0 && jobLooksDifferent(job, previous) },
      { informer: informers.settings, map: () => informers.jobs.list().map(keyOf) },
    ],
    reconcile: async (key) => {
      const ttl = config.podTtlSecondsAfterFinished ?? 0;
      const job = informers.jobs.get(key);
      const finishedAt = job && ttl > 0 ? finishTime(job) : undefined;
      if (finishedAt === undefined) return done;
      const due = finishedAt + ttl * 1000;
      if (due > clock.now()) return retryAfter(due - clock.now());
      await Promise.all(informers.pods.byIndex(BY_JOB, keyString(key)).filter(({ metadata }) => !metadata.deletionTimestamp).map((pod) => ensureDeleted(client, pods, pod)));
      return done;
    },
  });
}

/** In ms; undefined while it runs. */
function finishTime(job: Job): number | undefined {
  const state = jobState(job);
  if (state !== 'succeeded' && state !== 'failed') return undefined;
  const ended = job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  const time = Date.parse(ended?.lastTransitionTime ?? job.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? undefined : time;
}
