import { promiseRevisions, type PlatformPromise, type PromiseRevision } from '@plinth/api';
import { deepEqual, keyOf } from '@plinth/apimachinery';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { mirroredInterval, promiseVersion, revisionOf } from './revision.ts';

/**
 * Keeps the revision of a Promise's version as it should be; which one is the latest is the business of the revisions'
 * own controller. True: it was created.
 */
export async function ensureRevision(context: PlatformContext, promise: PlatformPromise): Promise<boolean> {
  const { client, informers } = context;
  const desired = revisionOf(promise);
  const existing = informers.revisions.get(keyOf(desired));
  await removeLegacyRevision(context, promise);
  if (!existing) {
    await client.create(promiseRevisions, desired);
    return true;
  }
  const { metadata } = existing;
  const { [ANNOTATIONS.reconciliationInterval]: interval, ...others } = metadata.annotations ?? {};
  const isMirrored = promise.metadata.labels?.[LABELS.promiseReleaseName] ? true : interval === mirroredInterval(promise);
  if (deepEqual(existing.spec, desired.spec) && isMarked(existing, LABELS.latestRevision) && isMirrored) return false;
  const annotations = { ...(isMirrored ? metadata.annotations : others), ...desired.metadata.annotations };
  await client.update(promiseRevisions, { ...existing, metadata: { ...metadata, labels: { ...metadata.labels, ...desired.metadata.labels }, annotations }, spec: desired.spec! });
  return false;
}

/** Kratix once named them `<promise>-<version>`: such a one makes room, and its requests stay. */
async function removeLegacyRevision({ client, informers }: PlatformContext, promise: PlatformPromise): Promise<void> {
  const legacy = informers.revisions.get({ name: `${promise.metadata.name}-${promiseVersion(promise)}` }) as PromiseRevision | undefined;
  if (!legacy || legacy.metadata.deletionTimestamp || legacy.spec?.promiseRef?.name !== promise.metadata.name) return;
  await client.patch(promiseRevisions, keyOf(legacy), 'merge', { metadata: { annotations: { [ANNOTATIONS.skipRequestCleanup]: 'true' }, labels: { [LABELS.latestRevision]: null } } });
  await ensureDeleted(client, promiseRevisions, legacy);
}
