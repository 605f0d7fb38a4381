import type { PlatformPromise, PromiseRevision, ResourceBinding } from '@plinth/api';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import { promiseVersion } from './revision.ts';

export interface RevisionSnapshot {
  readonly revision: PromiseRevision;
  readonly promise: PlatformPromise | undefined;
  /** The other revisions of the Promise. */
  readonly siblings: readonly PromiseRevision[];
  /** Those that say exactly this version; `latest` is none. */
  readonly bindings: readonly ResourceBinding[];
}

export type RevisionPlan =
  | { readonly type: 'none' }
  /** Finalizer and label that every revision carries. */
  | { readonly type: 'adopt' }
  /** It is the latest: say so, and take the mark from those that had it. */
  | { readonly type: 'lead'; readonly unmark: readonly PromiseRevision[] }
  | { readonly type: 'step back' }
  /** Its requests go before it; what binds nobody goes with it. */
  | { readonly type: 'release requests'; readonly bindings: readonly ResourceBinding[] }
  | { readonly type: 'let go' };

/** Decides what a revision needs (contract, section 7.3). */
export function planRevision({ revision, promise, siblings, bindings }: RevisionSnapshot): RevisionPlan {
  const { metadata, spec, status } = revision;
  const hasFinalizer = metadata.finalizers?.includes(FINALIZERS.promiseRevision) ?? false;
  if (metadata.deletionTimestamp) {
    if (!hasFinalizer) return { type: 'none' };
    const keepsRequests = metadata.annotations?.[ANNOTATIONS.skipRequestCleanup] === 'true';
    return bindings.length > 0 && !keepsRequests ? { type: 'release requests', bindings } : { type: 'let go' };
  }
  if (!hasFinalizer || metadata.labels?.[LABELS.promiseName] !== spec?.promiseRef?.name) return { type: 'adopt' };
  if (!isMarked(revision, LABELS.latestRevision)) return status?.latest === false ? { type: 'none' } : { type: 'step back' };
  // The mark of another version stays until the Promise's own version takes it: there is always one to follow.
  if (!promise || promiseVersion(promise) !== spec?.version) return { type: 'none' };
  const unmark = siblings.filter((sibling) => isMarked(sibling, LABELS.latestRevision) && !sibling.metadata.deletionTimestamp);
  return status?.latest === true && unmark.length === 0 ? { type: 'none' } : { type: 'lead', unmark };
}
