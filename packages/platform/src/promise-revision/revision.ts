import type { PlatformPromise, PromiseRevision } from '@plinth/api';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { LABELS } from '../naming/labels.ts';
import { stableName } from '../naming/stable-name.ts';

/** The version of a Promise, as its author labelled it. */
export const promiseVersion = (promise: PlatformPromise): string => promise.metadata.labels?.[LABELS.promiseVersion] || 'not-set';

/** The record of a Promise's current version: one per version, its spec replaced in place (contract, section 7.3). */
export function revisionOf(promise: PlatformPromise): PromiseRevision {
  const { name, uid } = promise.metadata;
  const version = promiseVersion(promise);
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'PromiseRevision',
    metadata: {
      name: stableName(name, version),
      labels: { [LABELS.promiseName]: name, [LABELS.latestRevision]: 'true' },
      ownerReferences: [{ apiVersion: promise.apiVersion, kind: promise.kind, name, uid: uid!, controller: true, blockOwnerDeletion: true }],
    },
    spec: { promiseRef: { name }, promiseSpec: promise.spec ?? {}, version },
  };
}
