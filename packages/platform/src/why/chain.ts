import type { BucketStateStore, Destination, GitStateStore, Job, PlatformPromise, Pod, ResourceBinding, Work, WorkPlacement } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Resolution } from '../resource-binding/resolve-revision.ts';
import type { RequestStatus } from '../resource-request/request.ts';

/** The stations between a request (or a Promise) and its service, in the order in which things travel. */
export const LINKS = ['promise', 'version', 'pause', 'pipeline', 'schedule', 'destination', 'store', 'agent', 'fetch', 'apply', 'pod', 'health'] as const;
export type LinkName = (typeof LINKS)[number];

/**
 * `ok`: proved. `waiting`: under way, or it is not its turn yet. `failed`: it will not get on unless something changes.
 * `unknown`: nobody reports it.
 */
export type LinkState = 'ok' | 'waiting' | 'failed' | 'unknown';

export interface Link {
  readonly link: LinkName;
  /** What it is about: `Destination worker-cluster`. */
  readonly object: string;
  readonly state: LinkState;
  /** RFC 3339; absent when nobody noted it. */
  readonly since?: string;
  /** What was found; a sentence without its full stop when it failed. */
  readonly message: string;
  /** What to do next; with every link that failed, unless the message says it. */
  readonly next?: string;
}

export type StateStore = GitStateStore | BucketStateStore;

/** The objects between a request (or a Promise) and its service, as they are now. Absent: not there, or not known. */
export interface Chain {
  readonly type: 'request' | 'promise';
  /** The request, or the Promise itself. */
  readonly object: KubeObject;
  /** Its status: the one about to be written, or the one that was read. */
  readonly status: RequestStatus;
  readonly promise: PlatformPromise | undefined;
  readonly findPromise: (name: string) => PlatformPromise | undefined;
  readonly binding?: ResourceBinding | undefined;
  /** Which version of the Promise the request uses. Absent: not looked up. */
  readonly resolution?: Resolution | undefined;
  /** The newest Job of the workflow, and its pod. */
  readonly job: Job | undefined;
  readonly pod: Pod | undefined;
  readonly works: readonly Work[];
  /** Of these Works. */
  readonly placements: readonly WorkPlacement[];
  readonly destinations: readonly Destination[];
  readonly findStore: (ref: { readonly kind?: string; readonly name?: string }) => StateStore | undefined;
  /** Since when the reporter of a Destination is silent: when its Lease was last renewed. Undefined: it reports, or there never was one. */
  readonly silentSince: (destination: string) => string | undefined;
}

export interface Explanation {
  /** Nothing failed, nothing is awaited. */
  readonly isReady: boolean;
  /** The answer in one sentence. */
  readonly sentence: string;
  /** The first link that failed. */
  readonly cause?: Link;
  readonly links: readonly Link[];
}
