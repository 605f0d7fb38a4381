import type { PlatformPromise } from '@plinth/api';
import type { StatusCause } from '@plinth/apimachinery';
import { decodePipelines } from '../workflow/decode-pipelines.ts';
import type { Pipeline, WorkflowAction, WorkflowType } from '../workflow/pipeline.ts';

/** All pipelines of a Promise, decoded, and what is wrong with them. */
export interface PromiseWorkflows {
  readonly promise: Readonly<Record<WorkflowAction, readonly Pipeline[]>>;
  readonly resource: Readonly<Record<WorkflowAction, readonly Pipeline[]>>;
  readonly problems: readonly StatusCause[];
}

/** Decodes the workflows of a Promise once per spec. A workflow with a problem has no pipelines here. */
export function workflowsOf(promise: PlatformPromise): PromiseWorkflows {
  const spec = promise.spec ?? NO_SPEC;
  let workflows = remembered.get(spec);
  if (!workflows) {
    workflows = decode(promise);
    remembered.set(spec, workflows);
  }
  return workflows;
}

/** Specs are never changed in place, so what was decoded from one stays right. */
const remembered = new WeakMap<object, PromiseWorkflows>();
const NO_SPEC = {};

function decode(promise: PlatformPromise): PromiseWorkflows {
  const problems: StatusCause[] = [];
  const of = (type: WorkflowType, action: WorkflowAction): readonly Pipeline[] => {
    const value = promise.spec?.workflows?.[type]?.[action];
    const decoded = decodePipelines(value, `spec.workflows.${type}.${action}`, promise.metadata.name, type, action);
    problems.push(...decoded.problems);
    return decoded.pipelines ?? [];
  };
  const actions = (type: WorkflowType): Record<WorkflowAction, readonly Pipeline[]> => ({ configure: of(type, 'configure'), delete: of(type, 'delete') });
  return { promise: actions('promise'), resource: actions('resource'), problems };
}
