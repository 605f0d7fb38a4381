import type { PlatformPromise, PromiseRelease } from '@plinth/api';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';

export interface ReleaseSnapshot {
  readonly release: PromiseRelease;
  /** The Promises that carry its name. */
  readonly promises: readonly PlatformPromise[];
}

export type ReleasePlan =
  /** Nothing to do, or nothing yet. */
  | { readonly type: 'ignore' }
  /** The Promise stands there in the version that is wanted. */
  | { readonly type: 'installed' }
  | { readonly type: 'ambiguous'; readonly names: readonly string[] }
  | { readonly type: 'fetch' }
  /** On its way out: its Promises go first. */
  | { readonly type: 'remove'; readonly promises: readonly PlatformPromise[] }
  | { readonly type: 'let go' };

/** Decides what a release needs (contract, section 7.2). */
export function planRelease({ release, promises }: ReleaseSnapshot): ReleasePlan {
  const { deletionTimestamp, finalizers } = release.metadata;
  if (deletionTimestamp) {
    if (!finalizers?.includes(FINALIZERS.promiseRelease)) return { type: 'ignore' };
    return promises.length > 0 ? { type: 'remove', promises } : { type: 'let go' };
  }
  if (promises.length > 1) return { type: 'ambiguous', names: promises.map(({ metadata }) => metadata.name).sort() };
  const version = release.spec?.version;
  const [installed] = promises;
  // Its end wakes us.
  if (installed?.metadata.deletionTimestamp) return { type: 'ignore' };
  const stands = installed && version && installed.metadata.labels?.[LABELS.promiseVersion] === version;
  return { type: stands ? 'installed' : 'fetch' };
}
