import type { PipelineStatus } from '@plinth/api';
import { describe, describeFailure, failureOf, stallOf } from './failure.ts';
import { pipelineNameOf } from './job-state.ts';
import type { Runs } from './observe.ts';
import type { WorkflowPlan } from './plan.ts';
import type { RunTrouble } from './status.ts';

/** What went wrong in the run that a plan is about, for status and events. */
export function troubleOf(plan: WorkflowPlan, { pod }: Runs, pipelines: readonly PipelineStatus[]): RunTrouble {
  switch (plan.type) {
    case 'failed': {
      const remembered = pipelines.find((status) => status.name === pipelineNameOf(plan.job))?.message;
      return { failure: describeFailure(plan.job, pod, remembered) };
    }
    case 'running': {
      const stall = stallOf(pod);
      if (stall) return { failure: describe(stall) };
      const failure = failureOf(pod);
      return failure ? { note: describe(failure) } : {};
    }
    default:
      return {};
  }
}
