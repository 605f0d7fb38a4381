import type { PlatformPromise } from '@plinth/api';
import { PLATFORM_API_VERSION, PLATFORM_NAMESPACE } from '../naming/constants.ts';
import { specHash } from '../naming/spec-hash.ts';
import { handedDownTrace } from '../telemetry/handed-down.ts';
import type { Workflow, WorkflowAction } from '../workflow/pipeline.ts';
import { workflowsOf } from './workflows.ts';

/** The workflow of a Promise itself for one action. It runs in the platform's namespace unless the Promise says another. */
export function promiseWorkflow(promise: PlatformPromise, action: WorkflowAction): Workflow {
  const { name, uid = '', generation = 1 } = promise.metadata;
  const hash = specHash(promise.spec);
  const pipelineNamespace = promise.spec?.workflows?.config?.pipelineNamespace;
  return {
    subject: {
      type: 'promise',
      promiseName: name,
      apiVersion: PLATFORM_API_VERSION,
      kind: 'Promise',
      plural: 'promises',
      name,
      uid,
      generation,
      specHash: hash,
      pipelineNamespace: pipelineNamespace || PLATFORM_NAMESPACE,
      hasPipelineNamespace: Boolean(pipelineNamespace),
      trace: handedDownTrace(promise),
    },
    action,
    pipelines: workflowsOf(promise).promise[action],
    hash,
  };
}
