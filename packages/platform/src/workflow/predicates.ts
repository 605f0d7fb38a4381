import type { Job, Pod } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, failureOf, stallOf, unschedulableOf } from './failure.ts';
import { jobState } from './job-state.ts';

/** A Job matters when it comes, goes, or comes to its end. */
export const jobLooksDifferent = (job: KubeObject, previous: KubeObject | undefined): boolean =>
  !previous || jobState(job as Job) !== jobState(previous as Job) || Boolean(job.metadata.deletionTimestamp) !== Boolean(previous.metadata.deletionTimestamp);

/** A pod matters when a container fails or is stuck, or no node takes it, or is so no longer. */
export function podLooksDifferent(pod: KubeObject, previous: KubeObject | undefined): boolean {
  const trouble = (of: Pod | undefined): string => {
    const found = stallOf(of) ?? failureOf(of);
    return found ? describe(found) : (unschedulableOf(of) ?? '');
  };
  return trouble(pod as Pod) !== trouble(previous as Pod | undefined);
}
