import { type ResourceBinding, resourceBindings } from '@plinth/api';
import type { ApiResource } from '@plinth/apimachinery';
import { keyOf } from '@plinth/apimachinery';
import { type EventRecorder, patchStatus } from '@plinth/controller-runtime';
import { isTrue } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { NOT_SET } from '../promise-revision/revision.ts';
import { ensureBinding, passOnManualReconciliation } from '../resource-binding/apply.ts';
import { bindingStatus, type VersionStanding } from '../resource-binding/status.ts';
import type { PlatformContext } from '../runtime/context.ts';
import type { RequestPlan, RequestSnapshot } from './plan.ts';
import type { RequestStatus, ResourceRequest } from './request.ts';

/** Makes the request's binding be there and say how the request stands with its version. */
export async function bind(context: PlatformContext, recorder: EventRecorder, { request, promise, bindings, resolution, now }: RequestSnapshot, plan: RequestPlan, status: RequestStatus): Promise<void> {
  if (plan.type !== 'configure' || resolution.type !== 'resolved') return;
  const { binding, isNew } = await ensureBinding(context, promise, request, bindings[0], resolution.wanted);
  if (isNew) recorder.record(request, { type: 'Normal', reason: 'BindingCreated', message: `ResourceBinding ${binding.metadata.name} created: version ${resolution.wanted}` });
  await patchStatus(context.client, resourceBindings, binding, bindingStatus(binding.status ?? {}, standing(resolution.version, plan, status, false), now));
}

/** The label on a binding asks its request for a run. It is ignored before the request has a version to stay at. */
export async function takeOverManualReconciliation(context: PlatformContext, resource: ApiResource, request: ResourceRequest, [binding]: readonly ResourceBinding[]): Promise<ResourceRequest> {
  const version = request.status?.promiseVersion;
  if (!binding || !isMarked(binding, LABELS.manualReconciliation) || !version || version === NOT_SET) return request;
  let marked = request;
  await passOnManualReconciliation(context, async () => (marked = await context.client.patch<ResourceRequest>(resource, keyOf(request), 'merge', { metadata: { labels: { [LABELS.manualReconciliation]: 'true' } } })), binding);
  await patchStatus(context.client, resourceBindings, binding, bindingStatus(binding.status ?? {}, { version, state: 'pending', message: '', wasAsked: true }, context.clock.now()));
  return marked;
}

function standing(version: string, plan: RequestPlan & { readonly type: 'configure' }, status: RequestStatus, wasAsked: boolean): VersionStanding {
  const { type } = plan.workflow;
  const hasEnded = type === 'succeeded' || type === 'empty';
  const state = type === 'failed' ? 'failed' : hasEnded && isTrue(status.conditions, 'Reconciled') ? 'succeeded' : 'pending';
  return { version, state, message: status.conditions?.find((condition) => condition.type === 'ConfigureWorkflowCompleted')?.message ?? '', wasAsked };
}
