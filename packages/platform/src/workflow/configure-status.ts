import { findCondition, type Condition } from '../conditions.ts';
import { withKeyedPipelines } from './keyed-pipelines.ts';
import type { WorkflowPlan } from './plan.ts';
import { COMPLETED, type WorkflowOutcome, type WorkflowStatus } from './status.ts';

type Workflows = NonNullable<NonNullable<WorkflowStatus['kratix']>['workflows']>;

/**
 * `status.kratix.workflows` after a move of a configure workflow, of a Promise as of a request. `conditions` are those
 * after the move: they know since when the workflow is complete.
 */
export function configuredWorkflows(before: WorkflowStatus, outcome: WorkflowOutcome, plan: WorkflowPlan, conditions: readonly Condition[] | undefined): Workflows {
  const { suspendedGeneration, ...workflows } = before.kratix?.workflows ?? {};
  const goesOn = plan.type === 'start' || plan.type === 'succeeded';
  const succeededAt = succeededTime(outcome, conditions);
  return withKeyedPipelines(
    {
      ...workflows,
      pipelines: outcome.pipelines,
      ...(outcome.run ? { run: outcome.run } : {}),
      ...(suspendedGeneration !== undefined && !goesOn ? { suspendedGeneration } : {}),
      ...(succeededAt ? { lastSuccessfulConfigureWorkflowTime: succeededAt } : {}),
    },
    'configure',
  );
}

/** Since when the workflow is complete; undefined while it is not. */
export const succeededTime = ({ standing }: WorkflowOutcome, conditions: readonly Condition[] | undefined): string | undefined =>
  standing === 'succeeded' ? findCondition(conditions, COMPLETED)?.lastTransitionTime : undefined;
