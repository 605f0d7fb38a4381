import type { AppliedObjects } from './apply-set.ts';
import { emptyBuildMemory, type BuildMemory } from './build.ts';
import type { Scopes } from './learn-scopes.ts';

/** What is remembered of one Kustomization between runs; all of it can be lost. */
export interface Memory {
  readonly build: BuildMemory;
  readonly applied: AppliedObjects;
  /** Objects of earlier processes whose manifests may be in files that cannot be read. */
  orphans: ReadonlySet<string>;
  revision: string | undefined;
  generation: number;
  /** When to look at the live objects again, in ms since the epoch. */
  nextCheckAt: number;
  missing: ReadonlySet<string>;
  healthWait: AbortController | undefined;
  readonly scopes: Scopes;
}

export const emptyMemory = (): Memory => ({
  build: emptyBuildMemory(),
  applied: new Map(),
  orphans: new Set(),
  revision: undefined,
  generation: -1,
  nextCheckAt: 0,
  missing: new Set(),
  healthWait: undefined,
  scopes: new Map(),
});
