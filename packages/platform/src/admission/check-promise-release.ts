import type { PromiseRelease } from '@plinth/api';
import { fieldRequired, type StatusCause } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import { fetchPromise, FetchPromiseError } from '../promise-release/fetch-promise.ts';
import type { Checking } from './platform-admission.ts';

/** A new release is tried: what cannot be fetched does not come in. Warns of a Promise that is of another version. */
export async function checkPromiseRelease(release: PromiseRelease, old: PromiseRelease | undefined, { client, fetch, warn }: Checking): Promise<readonly StatusCause[]> {
  const { version, sourceRef } = release.spec ?? {};
  if (!sourceRef?.url) return [fieldRequired('spec.sourceRef.url', 'the address of the Promise')];
  if (old || !client) return [];
  try {
    const promise = await fetchPromise(release, { client, fetch });
    const found = promise.metadata.labels?.[LABELS.promiseVersion];
    if (!found) warn(`the Promise at spec.sourceRef.url has no label ${LABELS.promiseVersion}; it is not installed without`);
    else if (version && version !== found) warn(`the Promise at spec.sourceRef.url is of version ${JSON.stringify(found)}, not of ${JSON.stringify(version)}; it is not installed`);
    return [];
  } catch (error) {
    if (!(error instanceof FetchPromiseError)) throw error;
    return [{ reason: 'FieldValueInvalid', field: 'spec.sourceRef', message: error.message }];
  }
}
