import type { Job } from '@plinth/api';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';
import type { Pipeline, WorkflowAction } from './pipeline.ts';

/** `stopped`: suspended by us, because somebody asked for a new run. It counts as failed. */
export type JobState = 'running' | 'succeeded' | 'failed' | 'stopped';

export function jobState(job: Job): JobState {
  const has = (type: string): boolean => job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
  if (has('Complete')) return 'succeeded';
  if (has('Failed')) return 'failed';
  // Its pod may still be on its way out.
  if ((job.spec?.suspend || has('Suspended')) && !job.status?.active) return 'stopped';
  return 'running';
}

/** Why Kubernetes gave a Job up: `DeadlineExceeded: Job was active longer than specified deadline`. */
export function jobFailure(job: Job): string | undefined {
  const failed = job.status?.conditions?.find((condition) => condition.type === 'Failed' && condition.status === 'True');
  if (!failed) return undefined;
  return [failed.reason, failed.message].filter(Boolean).join(': ') || 'the Job failed';
}

/** The Job's place in the sequence of its object's Jobs; 0 for Jobs that Kratix made. */
export function runOf(job: Job): number {
  const run = Number(job.metadata.annotations?.[ANNOTATIONS.run]);
  return Number.isSafeInteger(run) && run > 0 ? run : 0;
}

/** Of the object that the Job was made for; unknown (larger than any) for Jobs of Kratix and of an older Plinth. */
export const generationOf = (job: Job): number => Number(job.metadata.annotations?.[ANNOTATIONS.generation] ?? Number.POSITIVE_INFINITY);

/** Newest first. */
export const newestFirst = (jobs: readonly Job[]): readonly Job[] =>
  jobs.toSorted((left, right) => runOf(right) - runOf(left) || (left.metadata.creationTimestamp! < right.metadata.creationTimestamp! ? 1 : -1));

/** The newest Job of each pipeline of a configure workflow, if it has one. `jobs` come newest first. */
export const newestByPipeline = (pipelines: readonly Pipeline[], jobs: readonly Job[]): ReadonlyMap<string, Job | undefined> =>
  new Map(pipelines.map(({ metadata: { name } }) => [name, jobs.find((job) => actionOf(job) === 'configure' && pipelineNameOf(job) === name)]));

export const actionOf = (job: Job): WorkflowAction => (job.metadata.labels?.[LABELS.workflowAction] === 'delete' ? 'delete' : 'configure');
export const pipelineNameOf = (job: Job): string => job.metadata.labels?.[LABELS.pipelineName] ?? '';
/** What an extension of Kratix, or an author, says of the pipeline's definition, in the pipeline's own labels. */
export const pipelineHashOf = (job: Job): string | undefined => job.metadata.labels?.[LABELS.pipelineHash];
export const hashOf = (job: Job): string => job.metadata.labels?.[LABELS.hash] ?? '';
