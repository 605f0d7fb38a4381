import { promiseRevisions, type PlatformPromise, type PromiseRevision } from '@plinth/api';
import { deepEqual, keyOf } from '@plinth/apimachinery';
import { patchStatus } from '@plinth/controller-runtime';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { revisionOf } from './revision.ts';

/** Keeps the revision of a Promise's version, and the mark of the latest one, as they should be. True: it was created. */
export async function ensureRevision({ client, informers }: PlatformContext, promise: PlatformPromise): Promise<boolean> {
  const desired = revisionOf(promise);
  const existing = informers.revisions.get(keyOf(desired));
  let current: PromiseRevision;
  if (!existing) current = await client.create(promiseRevisions, desired);
  else if (deepEqual(existing.spec, desired.spec) && isMarked(existing, LABELS.latestRevision)) current = existing;
  else current = await client.update(promiseRevisions, { ...existing, metadata: { ...existing.metadata, labels: { ...existing.metadata.labels, ...desired.metadata.labels } }, spec: desired.spec! });

  const siblings = informers.revisions.list({ labels: { [LABELS.promiseName]: promise.metadata.name } }).filter(({ metadata }) => metadata.name !== current.metadata.name);
  for (const sibling of siblings) {
    if (isMarked(sibling, LABELS.latestRevision)) await client.patch(promiseRevisions, keyOf(sibling), 'merge', { metadata: { labels: { [LABELS.latestRevision]: null } } });
    if (sibling.status?.latest !== false) await patchStatus(client, promiseRevisions, sibling, { ...sibling.status, latest: false });
  }
  if (current.status?.latest !== true) await patchStatus(client, promiseRevisions, current, { ...current.status, latest: true });
  return !existing;
}
