import { keyOf } from '@plinth/apimachinery';
import type { ApplyFailure, InventoryEntry, Kustomization } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Clock, Logger } from '@plinth/controller-runtime';
import type { Artifact } from '../source/artifact-store.ts';
import { entryAt } from '../source/tree-reader.ts';
import { missingKey } from './apply-object.ts';
import { applySet } from './apply-set.ts';
import { build, type Build } from './build.ts';
import { checkHealth } from './check-health.ts';
import { findStrays } from './find-strays.ts';
import { inventoryAfter } from './inventory-after.ts';
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
  /** Gets a line for everything that was changed. */
  readonly changes: string[];
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
  const inventoried = kustomization.status?.inventory?.entries ?? [];
  const isCold = memory.revision === undefined;
  let old: readonly InventoryEntry[] = inventoried;
  try {
    if (isCold) old = [...inventoried, ...(await findStrays(client, owner, inventoried, built.objects.map(({ object }) => object)))];
  } catch (err) {
    signal.throwIfAborted();
    run.log.warn({ kind: 'Kustomization', ...keyOf(kustomization), err }, 'failed to look for objects that the inventory does not name');
  }
  const result = await applySet(built.objects, { client: actor, force: spec?.force ?? false, timeoutMs, signal, owner, checkLive, applied: memory.applied });
  const failures: ApplyFailure[] = [];
  const missing = new Set<string>();
  let isLeaving = false;
  for (const [desired, outcome] of result.outcomes) {
    if (outcome.type === 'failed') {
      failures.push(failureOf(desired, outcome.message));
      if (outcome.missing) missing.add(missingKey(outcome.missing));
      if (outcome.isLeaving) isLeaving = true;
    } else if (outcome.type !== 'skipped' && outcome.type !== 'unchanged') changes.push(`${subjectOf(desired.object)} ${outcome.type}`);
  }
  memory.missing = missing;
  for (const { id, path: file } of built.objects) memory.build.owners.set(id, file);

  const inventory = inventoryAfter(old, built.objects, result.outcomes);
  const wanted = new Set(built.objects.map(({ id }) => id));
  const unwanted = old.filter(({ id }) => !wanted.has(id));
  if (built.hasUnknownHoles && isCold) memory.orphans = new Set(unwanted.map(({ id }) => id));
  if (!built.hasUnknownHoles) memory.orphans = new Set();
  const held = unwanted.filter(({ id }) => built.held.has(id) || memory.orphans.has(id));
  const stale = unwanted.filter(({ id }) => !built.held.has(id) && !memory.orphans.has(id));
  memory.revision = revision;
  const stage = 'Detecting drift';
  if (result.unavailable !== undefined) {
    memory.revision = undefined;
    return { type: 'failed', reason: 'ReconciliationFailed', stage, revision, attempted: true, message: result.unavailable, isTransient: true, inventory: [...inventory, ...unwanted] };
  }

  const pruned = spec?.prune ? await prune(actor, owner, stale) : { deleted: [], survivors: [], errors: [] };
  for (const { id } of stale) {
    memory.applied.delete(id);
    memory.build.owners.delete(id);
  }
  changes.push(...pruned.deleted.map((subject) => `${subject} deleted`));
  const kept = [...inventory, ...held, ...pruned.survivors];
  const problems = [...built.problems, ...failures];
  if (problems.length > 0) {
    const hasBuilt = built.objects.length > 0 || failures.length > 0;
    return {
      type: 'failed',
      reason: hasBuilt ? 'ReconciliationFailed' : 'BuildFailed',
      stage,
      revision,
      attempted: true,
      isPartial: hasBuilt,
      ...(isLeaving ? { isTransient: true } : {}),
      message: problemMessage([...new Set(problems.map(({ message }) => message))], built.objects.length - failures.length),
      failures: problems,
      inventory: kept,
    };
  }
  if (pruned.errors.length > 0) {
    return { type: 'failed', reason: 'PruneFailed', stage, revision, attempted: true, isPartial: true, message: `delete failed, errors: ${pruned.errors.join('; ')}`, inventory: kept };
  }
  return checkHealth(kustomization, memory, built.objects, { revision, inventory: kept, actor, clock: run.clock, timeoutMs, signal, hasChanged: changes.length > 0, progress: run.progress });
}
