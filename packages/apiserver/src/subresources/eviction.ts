import { badRequest, isJsonObject, matchesLabels, queryOfSelector, tooManyRequests, type LabelSelector, type Status } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { prefixOf } from '../registry/served.ts';
import { decode } from '../storage/codec.ts';
import { objectAt } from '../strategies/members.ts';
import { parseDeleteOptions, remove } from '../verbs/delete.ts';
import { get } from '../verbs/get.ts';
import type { SubresourceTarget } from './route.ts';

/** Deletes a pod unless a PodDisruptionBudget forbids it at the moment (429: come again). */
export async function evict(core: Core, { served, namespace, name }: SubresourceTarget, body: unknown, context: RequestContext): Promise<Status> {
  if (!isJsonObject(body) || (body['kind'] !== undefined && body['kind'] !== 'Eviction')) throw badRequest('the body of the request must be an Eviction');
  const pod = get(core, served, namespace, name);
  const phase = objectAt(pod, 'status')?.['phase'];
  const budgets = core.store.list(`${prefixOf({ group: 'policy', plural: 'poddisruptionbudgets' })}${namespace}/`).entries.map(decode);
  const ended = phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined;
  for (const budget of ended ? [] : budgets) {
    const selector = objectAt(budget, 'spec', 'selector') as LabelSelector | undefined;
    const allowed = objectAt(budget, 'status')?.['disruptionsAllowed'];
    if (!selector || !matchesLabels(queryOfSelector(selector), pod.metadata.labels)) continue;
    if (typeof allowed !== 'number' || allowed <= 0) throw tooManyRequests(`Cannot evict pod as it would violate the pod's disruption budget.`);
  }
  await remove(core, { served, namespace, name }, parseDeleteOptions(body['deleteOptions'] ?? undefined, context.query), context);
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}
