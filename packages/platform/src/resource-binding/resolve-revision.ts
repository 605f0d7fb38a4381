import type { PlatformPromise, PromiseRevision, ResourceBinding } from '@plinth/api';
import type { PlatformConfig } from '../config.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { promiseVersion } from '../promise-revision/revision.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import { LATEST } from './binding.ts';

export interface BindingSnapshot {
  readonly request: ResourceRequest;
  readonly promise: PlatformPromise;
  /** Those labelled for the request; more than one is a mistake. */
  readonly bindings: readonly ResourceBinding[];
  /** Of the Promise. */
  readonly revisions: readonly PromiseRevision[];
  readonly strategy: PlatformConfig['resourceBindingVersionStrategy'];
}

/** Which version of its Promise a request uses. */
export type Resolution =
  | {
      readonly type: 'resolved';
      readonly version: string;
      /** What the binding says, or what a new one is to say: a version, or `latest`. */
      readonly wanted: string;
      readonly revision: PromiseRevision | undefined;
    }
  /** `problem`: one sentence with what was looked for, what there is, and what to do. */
  | { readonly type: 'unresolved'; readonly problem: string };

/** Finds the revision that a request uses (contract, sections 6.4 and 7.4). */
export function resolveRevision(snapshot: BindingSnapshot): Resolution {
  const { request, promise, bindings, revisions } = snapshot;
  if (request.metadata.deletionTimestamp) return forDeletion(snapshot);
  const [binding, second] = bindings;
  if (binding && second) {
    const names = bindings.map(({ metadata }) => metadata.name).sort();
    return { type: 'unresolved', problem: `${names.length} ResourceBindings are labelled for ${request.metadata.name} of Promise ${promise.metadata.name} in namespace ${request.metadata.namespace} (${names.join(', ')}), there must be one: delete the others` };
  }
  const latest = latestRevision(promise, revisions);
  const wanted = binding?.spec?.version ?? initialVersion(snapshot, latest);
  if (wanted === LATEST) {
    if (latest) return resolved(latest, wanted);
    return { type: 'unresolved', problem: `Promise ${promise.metadata.name} has no PromiseRevision that is the latest; it comes with the next look at the Promise` };
  }
  const matching = revisions.filter((revision) => revision.spec?.version === wanted && !revision.metadata.deletionTimestamp);
  if (matching.length === 1) return resolved(matching[0]!, wanted);
  const versions = [...new Set(revisions.map((revision) => revision.spec?.version ?? ''))].sort();
  const found = matching.length === 0 ? `there is ${versions.length === 0 ? 'none' : versions.join(', ')}` : `${matching.length} PromiseRevisions have it (${matching.map(({ metadata }) => metadata.name).sort().join(', ')})`;
  return { type: 'unresolved', problem: `ResourceBinding ${binding?.metadata.name ?? 'of the request'} asks for version ${wanted} of Promise ${promise.metadata.name}, but ${found}: set its spec.version to ${LATEST} or to one that is there` };
}

/**
 * The revision that bindings to `latest` follow. While one takes over from another, both say so for a moment: then the
 * Promise's own version decides.
 */
export function latestRevision(promise: PlatformPromise, revisions: readonly PromiseRevision[]): PromiseRevision | undefined {
  const alive = revisions.filter(({ metadata }) => !metadata.deletionTimestamp);
  const latest = alive.filter(({ status }) => status?.latest === true);
  if (latest.length === 1) return latest[0];
  const candidates = latest.length > 0 ? latest : alive;
  const version = promiseVersion(promise);
  return candidates.find(({ spec }) => spec?.version === version) ?? candidates.find((revision) => isMarked(revision, LABELS.latestRevision));
}

/** What a new binding says: what the one before it said, else as the platform is set. */
function initialVersion({ request, strategy }: BindingSnapshot, latest: PromiseRevision | undefined): string {
  return request.status?.resourceBindingVersion ?? (strategy === 'pinned' ? latest?.spec?.version : undefined) ?? LATEST;
}

/** A request is taken away as it was made. When its version is gone, the Promise as it is has to do. */
function forDeletion({ request, promise, bindings, revisions }: BindingSnapshot): Resolution {
  const wanted = bindings[0]?.spec?.version ?? request.status?.resourceBindingVersion ?? LATEST;
  const made = request.status?.promiseVersion ?? bindings[0]?.status?.lastAppliedVersion;
  const revision = (made === undefined ? undefined : revisions.find(({ spec }) => spec?.version === made)) ?? latestRevision(promise, revisions);
  return revision ? resolved(revision, wanted) : { type: 'resolved', version: promiseVersion(promise), wanted, revision: undefined };
}

const resolved = (revision: PromiseRevision, wanted: string): Resolution => ({ type: 'resolved', version: revision.spec?.version ?? '', wanted, revision });
