import { type Work, works as workKind } from '@plinth/api';
import { workLabels, workName } from '../adapter/work.ts';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import type { Workflow } from './pipeline.ts';
import type { WorkflowPlan } from './plan.ts';

/**
 * Whether a workflow that is done lacks a Work, because somebody deleted it. The cache may only be behind the Job's, so
 * the API is asked before a workflow runs again.
 */
export async function hasLostWork({ client }: PlatformContext, { configure, works }: { readonly configure: Workflow; readonly works: readonly Work[] }, plan: WorkflowPlan): Promise<boolean> {
  if (plan.type !== 'succeeded') return false;
  for (const { metadata } of configure.pipelines) {
    if (works.some((work) => work.metadata.labels?.[LABELS.pipelineName] === metadata.name)) continue;
    const identity = identityOf(configure, metadata.name);
    if (await client.find(workKind, { namespace: identity.namespace, name: workName(identity) })) continue;
    // One that Kratix wrote has another name.
    const labelSelector = Object.entries(workLabels(identity)).map(([label, value]) => `${label}=${value}`).join(',');
    const { items } = await client.list<Work>(workKind, { namespace: identity.namespace, labelSelector, limit: 1 });
    if (items.length === 0) return true;
  }
  return false;
}

const identityOf = ({ subject }: Workflow, pipelineName: string) => ({
  promiseName: subject.promiseName,
  pipelineName,
  namespace: subject.pipelineNamespace,
  workflowType: subject.type,
  ...(subject.type === 'resource' ? { resourceName: subject.name } : {}),
  ...(subject.type === 'resource' && subject.hasPipelineNamespace && subject.namespace ? { resourceNamespace: subject.namespace } : {}),
  ...(subject.isDryRun ? { isDryRun: true } : {}),
});
