import type { PipelineStatus } from '@plinth/api';
import { describe, describeFailure, failureOf, stallOf } from './failure.ts';
import type { Runs } from './observe.ts';
import type { WorkflowPlan } from './plan.ts';

/**
 * What went wrong in the run that a plan is about: container and cause, for status and events. When the Job has failed,
 * its pod may be gone; what was said of it while it was there stands in the pipeline's status.
 */
export function troubleOf(plan: WorkflowPlan, { pod }: Runs, pipelines: readonly PipelineStatus[]): string | undefined {
  switch (plan.type) {
    case 'failed': {
      const { job, pipeline } = plan;
      const noted = pipelines.find((status) => status.name === pipeline && status.phase !== 'Suspended')?.message;
      return job ? describeFailure(job, pod, noted) : noted;
    }
    case 'running': {
      const failure = stallOf(pod) ?? failureOf(pod);
      return failure && describe(failure);
    }
    default:
      return undefined;
  }
}
