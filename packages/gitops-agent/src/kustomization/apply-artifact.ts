import { keyOf } from '@plinth/apimachinery';
import type { ApplyFailure, Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Clock, Logger } from '@plinth/controller-runtime';
import type { Artifact } from '../source/artifact-store.ts';
import { entryAt } from '../source/tree-reader.ts';
import { missingKey } from './apply-object.ts';
import { applySet } from './apply-set.ts';
import { build, type Build } from './build.ts';
import { checkHealth } from './check-health.ts';
import { findStrays } from './find-strays.ts';
import { Inventory } from './inventory.ts';
import { learnScopes } from './learn-scopes.ts';
import type { Memory } from './memory.ts';
import { failureOf, problemMessage } from './problems.ts';
import { prune } from './prune.ts';
import type { RunOutcome } from './status.ts';
import { subjectOf } from './subject.ts';
import { readVariables } from './variables.ts';

export interface ApplyRun {
  /** Reads what is needed to find out what to change. */
  readonly client: Client;
  /** Changes the cluster. */
  readonly actor: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Look at the live objects, too. */
  readonly checkLive: boolean;
  /** `spec.ignore` of the source. */
  readonly ignore: string | undefined;
  /** Why objects are looked at that the source did not change, by inventory id: `somebody had deleted it`. */
  readonly causes: ReadonlyMap<string, string>;
  /** Gets a line for everything that was changed. */
  readonly changes: string[];
  /** Called when nothing is changed any more, and health alone is waited for. */
  readonly applied: () => void;
  /** Says how far the run is. */
  readonly progress: (outcome: RunOutcome) => Promise<unknown>;
}

/** Makes the cluster be as an artifact says: builds, applies, prunes and checks health. Nothing is remembered that cannot be lost. */
export async function applyArtifact(kustomization: Kustomization, memory: Memory, artifact: Artifact, run: ApplyRun): Promise<RunOutcome | 'interrupted'> {
  const { client, actor, checkLive, changes, timeoutMs, signal } = run;
  const { revision } = artifact;
  const { spec } = kustomization;
  const path = spec?.path ?? '';
  if (entryAt(artifact.reader, artifact.root, path)?.type !== 'folder') {
    return { type: 'failed', reason: 'ArtifactFailed', stage: 'Building manifests', revision, message: `kustomization path not found: stat ${path}: no such file or directory` };
  }
  let built: Build | undefined;
  try {
    const variables = await readVariables(client, kustomization);
    built = await build({
      kustomization,
      reader: artifact.reader,
      root: artifact.root,
      ignore: run.ignore,
      variables,
      isNamespaced: ({ apiVersion, kind }) => memory.scopes.get(`${apiVersion} ${kind}`),
      prepare: (objects) => learnScopes(client, memory.scopes, objects),
      memory: memory.build,
    });
  } catch (error) {
    signal.throwIfAborted();
    return { type: 'failed', reason: 'BuildFailed', stage: 'Building manifests', revision, attempted: true, message: error instanceof Error ? error.message : String(error) };
  }
  if (!built) return { type: 'failed', reason: 'ArtifactFailed', stage: 'Building manifests', revision, message: `kustomization path not found: stat ${path}: no such file or directory` };

  const owner = { name: kustomization.metadata.name, namespace: kustomization.metadata.namespace ?? '' };
  const { applied, open, lingering } = memory;
  const { objects } = built;
  const isCold = memory.inventory === undefined;
  const inventory = (memory.inventory ??= await readInventory(kustomization, objects, run));
  noteOpen(memory, built, inventory);
  const result = await applySet(objects, { client: actor, force: spec?.force ?? false, timeoutMs, signal, owner, checkLive, applied, open });
  const failures: ApplyFailure[] = [];
  const missing = new Set<string>();
  let isLeaving = false;
  for (const [desired, outcome] of result.outcomes) {
    if (outcome.type === 'failed') {
      failures.push(failureOf(desired, outcome.message));
      if (outcome.missing) missing.add(missingKey(outcome.missing));
      if (outcome.isLeaving) isLeaving = true;
      open.add(desired.id);
      continue;
    }
    open.delete(desired.id);
    memory.build.owners.set(desired.id, desired.path);
    if (outcome.type !== 'skipped' && outcome.type !== 'unchanged') {
      const cause = run.causes.get(desired.id);
      changes.push(`${subjectOf(desired.object)} ${outcome.type}${cause ? `, ${cause}` : ''}`);
    }
  }
  memory.missing = missing;
  memory.revision = revision;
  inventory.add(result.outcomes);
  const stage = 'Detecting drift';
  if (result.unavailable !== undefined) {
    memory.revision = undefined;
    return { type: 'failed', reason: 'ReconciliationFailed', stage, revision, attempted: true, message: result.unavailable, isTransient: true, inventory: inventory.entries };
  }

  const unwanted = [...new Set([...lingering, ...open])].filter((id) => !objects.has(id));
  if (built.hasUnknownHoles && isCold) memory.orphans = new Set(unwanted);
  if (!built.hasUnknownHoles) memory.orphans = new Set();
  const isHeld = (id: string): boolean => built.held.has(id) || memory.orphans.has(id);
  const stale = unwanted.flatMap((id) => (isHeld(id) ? [] : (inventory.get(id) ?? [])));
  const pruned = spec?.prune ? await prune(actor, owner, stale) : { deleted: [], survivors: [], errors: [] };
  for (const id of unwanted) open.delete(id);
  lingering.clear();
  for (const id of unwanted) if (isHeld(id)) lingering.add(id);
  for (const { id } of pruned.survivors) lingering.add(id);
  for (const { id } of stale) {
    applied.delete(id);
    memory.build.owners.delete(id);
    if (!lingering.has(id)) inventory.delete(id);
  }
  changes.push(...pruned.deleted.map((subject) => `${subject} deleted`));
  const kept = inventory.entries;
  const problems = [...built.problems, ...failures];
  if (problems.length > 0) {
    const hasBuilt = objects.size > 0 || failures.length > 0;
    return {
      type: 'failed',
      reason: hasBuilt ? 'ReconciliationFailed' : 'BuildFailed',
      stage,
      revision,
      attempted: true,
      isPartial: hasBuilt,
      ...(isLeaving ? { isTransient: true } : {}),
      message: problemMessage([...new Set(problems.map(({ message }) => message))], objects.size - failures.length),
      failures: problems,
      inventory: kept,
    };
  }
  if (pruned.errors.length > 0) {
    return { type: 'failed', reason: 'PruneFailed', stage, revision, attempted: true, isPartial: true, message: `delete failed, errors: ${pruned.errors.join('; ')}`, inventory: kept };
  }
  return checkHealth(kustomization, memory, objects, { revision, inventory: kept, actor, clock: run.clock, timeoutMs, signal, hasChanged: changes.length > 0, applied: run.applied, progress: run.progress });
}

/** What the status says, and what a process that was killed had applied before it could say so. */
async function readInventory(kustomization: Kustomization, objects: Build['objects'], run: ApplyRun): Promise<Inventory> {
  const noted = kustomization.status?.inventory?.entries ?? [];
  const owner = { name: kustomization.metadata.name, namespace: kustomization.metadata.namespace ?? '' };
  try {
    return new Inventory([...noted, ...(await findStrays(run.client, owner, noted, [...objects.values()].map(({ object }) => object)))]);
  } catch (err) {
    run.signal.throwIfAborted();
    run.log.warn({ kind: 'Kustomization', ...keyOf(kustomization), err }, 'failed to look for objects that the inventory does not name');
    return new Inventory(noted);
  }
}

/** What this run has to look at, besides what earlier ones left. */
function noteOpen({ open, applied }: Memory, { changed, objects }: Build, inventory: Inventory): void {
  if (changed) {
    for (const id of changed) if (objects.has(id) ? applied.get(id)?.object !== objects.get(id)?.object : inventory.get(id)) open.add(id);
    return;
  }
  for (const [id, { object }] of objects) if (applied.get(id)?.object !== object) open.add(id);
  for (const { id } of inventory.entries) if (!objects.has(id)) open.add(id);
}
