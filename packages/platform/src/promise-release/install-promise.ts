import { promiseReleases, promises, type PlatformPromise, type PromiseRelease } from '@plinth/api';
import { deepEqual, isApiError, isConflict, keyOf } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { fetchPromise, FetchPromiseError } from './fetch-promise.ts';
import type { ReleaseOutcome } from './status.ts';

/**
 * Fetches the Promise of a release and makes it be there: its spec as fetched, its labels and annotations over those that it
 * has, owned by the release. A release without a version gets that of the Promise.
 *
 * Errors: Conflict when somebody wrote the Promise in between. All else is in the outcome.
 */
export async function installPromise(context: PlatformContext, release: PromiseRelease, fetch: typeof globalThis.fetch): Promise<ReleaseOutcome> {
  const { client, signal } = context;
  const fetched = await fetchPromise(release, { client, fetch, signal }).catch((error: unknown) => {
    if (error instanceof FetchPromiseError) return error;
    throw error;
  });
  if (fetched instanceof FetchPromiseError) return { type: 'failed', reason: 'FailedToFetchPromise', message: fetched.message };
  const { name } = fetched.metadata;
  const version = fetched.metadata.labels?.[LABELS.promiseVersion];
  if (!version) return { type: 'failed', reason: 'VersionLabelNotFound', message: `the Promise ${name} that was fetched has no label ${LABELS.promiseVersion}` };
  const wanted = release.spec?.version;
  if (wanted && wanted !== version) return { type: 'failed', reason: 'VersionNotMatching', message: `the Promise ${name} that was fetched is of version ${version}, not of ${wanted}` };
  try {
    await ensurePromise(context, release, fetched);
    if (!wanted) await client.patch(promiseReleases, keyOf(release), 'merge', { spec: { version } });
    return { type: 'installed' };
  } catch (error) {
    if (isConflict(error)) throw error;
    if (!isApiError(error) && !(error instanceof OwnedElsewhereError)) throw error;
    return { type: 'failed', reason: 'FailedToCreateOrUpdatePromise', message: `cannot install the Promise ${name}: ${error.message}` };
  }
}

async function ensurePromise({ client }: PlatformContext, release: PromiseRelease, fetched: PlatformPromise): Promise<void> {
  const { name } = fetched.metadata;
  const existing = await client.find<PlatformPromise>(promises, { name });
  const owner = existing?.metadata.labels?.[LABELS.promiseReleaseName];
  if (owner !== undefined && owner !== release.metadata.name) throw new OwnedElsewhereError(`it belongs to the PromiseRelease ${owner}`);
  if (existing?.metadata.deletionTimestamp) throw new OwnedElsewhereError('it is being deleted; it is installed when it is gone');
  const others = (existing?.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== release.metadata.uid);
  const promise: PlatformPromise = {
    apiVersion: fetched.apiVersion,
    kind: fetched.kind,
    ...existing,
    metadata: {
      ...(existing?.metadata ?? { name }),
      labels: { ...existing?.metadata.labels, ...fetched.metadata.labels, [LABELS.promiseReleaseName]: release.metadata.name },
      annotations: { ...existing?.metadata.annotations, ...fetched.metadata.annotations },
      ownerReferences: [...others, { apiVersion: release.apiVersion, kind: release.kind, name: release.metadata.name, uid: release.metadata.uid!, controller: true, blockOwnerDeletion: true }],
    },
    ...(fetched.spec ? { spec: fetched.spec } : {}),
  };
  if (!existing) await client.create(promises, promise);
  else if (!deepEqual(existing, promise)) await client.update(promises, promise);
}

/** The name is taken. */
class OwnedElsewhereError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OwnedElsewhereError';
  }
}
