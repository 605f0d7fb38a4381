import type { ObjectKey } from '@plinth/apimachinery';
import { Contests } from '../drift/contests.ts';
import type { Sighting } from '../drift/notice-drift.ts';
import type { AppliedObjects } from './apply-set.ts';
import { emptyBuildMemory, type BuildMemory } from './build.ts';
import type { Inventory } from './inventory.ts';
import type { Scopes } from './learn-scopes.ts';
import type { RunOutcome } from './status.ts';

/** What is remembered of one Kustomization between runs; all of it can be lost. */
export interface Memory {
  readonly build: BuildMemory;
  readonly applied: AppliedObjects;
  /** Undefined before the first run: then the status tells. */
  inventory: Inventory | undefined;
  /** Inventory ids of what is not known to be as the source wants it: it came, changed, went or failed. */
  readonly open: Set<string>;
  /** Inventory ids of what no source wants any more and is there still. */
  readonly lingering: Set<string>;
  /** Objects of earlier processes whose manifests may be in files that cannot be read. */
  orphans: ReadonlySet<string>;
  /** By inventory id: what others did to objects, until it is put back. */
  readonly drifted: Map<string, { readonly dueAt: number; readonly cause: string }>;
  readonly contests: Contests;
  /** A run is changing objects. */
  isApplying: boolean;
  /** What was seen of objects meanwhile. */
  readonly sightings: Map<string, Sighting>;
  revision: string | undefined;
  generation: number;
  /** When to look at the live objects again, in ms since the epoch. */
  nextCheckAt: number;
  missing: ReadonlySet<string>;
  /** What the last run came to, while its status is held back. */
  unsaid: RunOutcome | undefined;
  /** When the next status may be written that tells of progress alone, in ms since the epoch. */
  nextStatusAt: number;
  healthWait: AbortController | undefined;
  readonly scopes: Scopes;
}

export const emptyMemory = (): Memory => ({
  build: emptyBuildMemory(),
  applied: new Map(),
  inventory: undefined,
  open: new Set(),
  lingering: new Set(),
  orphans: new Set(),
  drifted: new Map(),
  contests: new Contests(),
  isApplying: false,
  sightings: new Map(),
  revision: undefined,
  generation: -1,
  nextCheckAt: 0,
  missing: new Set(),
  unsaid: undefined,
  nextStatusAt: 0,
  healthWait: undefined,
  scopes: new Map(),
});

/** Of all Kustomizations, by `namespace/name`. */
export type Memories = Map<string, { readonly key: ObjectKey; readonly memory: Memory }>;
