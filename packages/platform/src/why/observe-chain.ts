import type { PlatformPromise, ResourceBinding, Work } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Resolution } from '../resource-binding/resolve-revision.ts';
import type { RequestStatus } from '../resource-request/request.ts';
import { BY_WORK, type Informers } from '../runtime/informers.ts';
import { findStore } from '../state-store/find-store.ts';
import type { Runs } from '../workflow/observe.ts';
import type { Chain } from './chain.ts';

/** What a reconcile has found anyway. */
export interface Observed {
  readonly type: Chain['type'];
  readonly object: KubeObject;
  readonly status: RequestStatus;
  readonly promise: PlatformPromise;
  readonly runs: Runs;
  readonly works: readonly Work[];
  readonly bindings?: readonly ResourceBinding[];
  readonly resolution?: Resolution | undefined;
}

/**
 * The chain as the controllers' cache has it. Whether a reporter is silent is said by the condition `Applied`, which
 * follows the clock of the controllers.
 */
export function observeChain(informers: Informers, { runs, bindings, works, ...found }: Observed): Chain {
  const isDeleting = Boolean(found.object.metadata.deletionTimestamp);
  const alive = works.filter(({ metadata }) => isDeleting || !metadata.deletionTimestamp);
  return {
    ...found,
    binding: bindings?.[0],
    findPromise: (name) => informers.promises.get({ name }),
    job: runs.jobs[0],
    pod: runs.pod,
    works: alive,
    placements: alive.flatMap(({ metadata }) => informers.workPlacements.byIndex(BY_WORK, `${metadata.namespace}/${metadata.name}`)).filter(({ metadata }) => isDeleting || !metadata.deletionTimestamp),
    destinations: informers.destinations.list(),
    findStore: (ref) => findStore(informers, ref),
    silentSince: () => undefined,
  };
}
