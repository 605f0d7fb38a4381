import type { KubeObject } from '@plinth/apimachinery';
import { isTrue } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { failureOf, stallOf } from './failure.ts';
import { hashOf } from './job-state.ts';
import type { Runs } from './observe.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowSnapshot } from './plan.ts';
import { COMPLETED, type WorkflowStatus } from './status.ts';

/** Why a workflow is to run again, besides what the object's labels say. */
export interface RunReasons {
  /** Its interval is over, or somebody asked elsewhere: now, whatever runs. */
  readonly isManual?: boolean;
  /** After what runs. */
  readonly isFromStart?: boolean;
}

/** A Promise or a request. */
export type SnapshotObject = KubeObject & { readonly status?: WorkflowStatus };

/** What the engine looks at: the same for Promises and for requests. */
export function workflowSnapshot(object: SnapshotObject, workflow: Workflow, runs: Runs, reasons: RunReasons, now: number): WorkflowSnapshot {
  const { status } = object;
  const state = status?.kratix?.workflows;
  const [newest] = runs.jobs;
  return {
    workflow,
    jobs: runs.jobs,
    recorded: state?.run,
    pipelines: state?.pipelines ?? [],
    isCompleted: isTrue(status?.conditions, COMPLETED),
    generation: object.metadata.generation ?? 1,
    suspendedGeneration: state?.suspendedGeneration,
    isSuspended: isMarked(object, LABELS.workflowSuspended),
    isManual: isMarked(object, LABELS.manualReconciliation) || reasons.isManual === true,
    isFromStart: isMarked(object, LABELS.runFromStart) || reasons.isFromStart === true,
    isStalled: newest !== undefined && hashOf(newest) !== workflow.hash && (stallOf(runs.pod) ?? failureOf(runs.pod)) !== undefined,
    now,
  };
}
