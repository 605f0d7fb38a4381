import { promiseRevisions, type PromiseRevision, resourceBindings, type ResourceBinding } from '@plinth/api';
import { keyOf } from '@plinth/apimachinery';
import { dropFinalizers, patchStatus } from '@plinth/controller-runtime';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';
import { apiOf, requestResource } from '../promise/api.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import type { RevisionPlan } from './plan.ts';

/** Carries out a plan. */
export async function applyRevision(context: PlatformContext, revision: PromiseRevision, plan: RevisionPlan): Promise<void> {
  const { client } = context;
  const { uid, resourceVersion, finalizers = [] } = revision.metadata;
  switch (plan.type) {
    case 'none':
      return;
    case 'adopt':
      await client.patch(promiseRevisions, keyOf(revision), 'merge', {
        metadata: { uid, resourceVersion, labels: { [LABELS.promiseName]: revision.spec?.promiseRef?.name }, finalizers: [...new Set([...finalizers, FINALIZERS.promiseRevision])] },
      });
      return;
    case 'lead':
      // First the new one, then the old ones: at every moment there is one that requests can follow.
      await patchStatus(client, promiseRevisions, revision, { ...revision.status, latest: true });
      await Promise.all(plan.unmark.map((sibling) => client.patch(promiseRevisions, keyOf(sibling), 'merge', { metadata: { labels: { [LABELS.latestRevision]: null } } })));
      return;
    case 'step back':
      await patchStatus(client, promiseRevisions, revision, { ...revision.status, latest: false });
      return;
    case 'release requests':
      await Promise.all(plan.bindings.map((binding) => releaseRequest(context, revision, binding)));
      return;
    case 'let go':
      await deletePipelineObjects(context, revision);
      await dropFinalizers(client, promiseRevisions, revision, [FINALIZERS.promiseRevision]);
      return;
    default:
      plan satisfies never;
  }
}

/** The request takes its binding with it; a binding that waits for a request nobody made goes by itself. */
async function releaseRequest({ client }: PlatformContext, revision: PromiseRevision, binding: ResourceBinding): Promise<void> {
  const api = apiOf({ apiVersion: revision.apiVersion, kind: 'Promise', metadata: { name: revision.spec?.promiseRef?.name ?? '' }, spec: revision.spec?.promiseSpec ?? {} });
  const { name = '', namespace = '' } = binding.spec?.resourceRef ?? {};
  const request = api && (await client.find(requestResource(api), { namespace, name }));
  if (!api || !request) await ensureDeleted(client, resourceBindings, binding);
  else if (!request.metadata.deletionTimestamp) await ensureDeleted(client, requestResource(api), request);
}

/** Accounts and roles of requests that were bound to this version. */
async function deletePipelineObjects({ client, informers }: PlatformContext, revision: PromiseRevision): Promise<void> {
  const labels = { [LABELS.promiseName]: revision.spec?.promiseRef?.name ?? '', [LABELS.promiseVersion]: revision.spec?.version ?? '' };
  const objects = [...informers.pipelineObjects.values()].flatMap((informer) => informer.list({ labels }).map((object) => [informer.resource, object] as const));
  await Promise.all(objects.map(([resource, object]) => ensureDeleted(client, resource, object)));
}
