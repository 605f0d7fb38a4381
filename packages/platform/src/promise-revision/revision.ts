import type { PlatformPromise, PromiseRevision } from '@plinth/api';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, LABELS } from '../naming/labels.ts';
import { stableName } from '../naming/stable-name.ts';
import { handedDownTrace } from '../telemetry/handed-down.ts';

/** The version of a Promise, as its author labelled it. */
export const promiseVersion = (promise: PlatformPromise): string => promise.metadata.labels?.[LABELS.promiseVersion] || NOT_SET;

/** The version of a Promise that says none. */
export const NOT_SET = 'not-set';

/**
 * The record of a Promise's current version: one per version, its spec replaced in place (contract, section 7.3). The
 * finalizer is there from birth, which saves a write.
 */
export function revisionOf(promise: PlatformPromise): PromiseRevision {
  const { name, uid } = promise.metadata;
  const version = promiseVersion(promise);
  const interval = mirroredInterval(promise);
  const annotations = { ...(interval === undefined ? {} : { [ANNOTATIONS.reconciliationInterval]: interval }), ...handedDownTrace(promise) };
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'PromiseRevision',
    metadata: {
      name: stableName(name, version),
      labels: { [LABELS.promiseName]: name, [LABELS.latestRevision]: 'true' },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      finalizers: [FINALIZERS.promiseRevision],
      ownerReferences: [{ apiVersion: promise.apiVersion, kind: promise.kind, name, uid: uid!, controller: true, blockOwnerDeletion: true }],
    },
    spec: { promiseRef: { name }, promiseSpec: promise.spec ?? {}, version },
  };
}

/** The interval that people set on a Promise holds for its current version. A release sets its own on the revision. */
export const mirroredInterval = ({ metadata }: PlatformPromise): string | undefined => (metadata.labels?.[LABELS.promiseReleaseName] ? undefined : metadata.annotations?.[ANNOTATIONS.reconciliationInterval]);
