import type { Job, Pod } from '@plinth/api';
import type { Informers } from '../runtime/informers.ts';
import { BY_JOB, BY_SUBJECT } from '../runtime/informers.ts';
import { newestFirst } from './job-state.ts';

/** The runs of an object: its Jobs, newest first, and the pod of the newest. */
export interface Runs {
  readonly jobs: readonly Job[];
  /** As it last was, if it is gone. */
  readonly pod: Pod | undefined;
}

export function observeRuns(informers: Informers, subject: string): Runs {
  const jobs = newestFirst(informers.jobs.byIndex(BY_SUBJECT, subject)).filter((job) => !job.metadata.deletionTimestamp);
  const [newest] = jobs;
  if (!newest) return { jobs, pod: undefined };
  const job = `${newest.metadata.namespace}/${newest.metadata.name}`;
  // A Job that replaced a pod has two for a moment.
  const pods = informers.pods.byIndex(BY_JOB, job).toSorted((left, right) => ((left.metadata.creationTimestamp ?? '') < (right.metadata.creationTimestamp ?? '') ? 1 : -1));
  return { jobs, pod: pods[0] ?? informers.lastPods.get(job) };
}
