import { parseApiVersion, type UnstructuredObject } from '@plinth/apimachinery';
import { customResourceDefinitions, type CustomResourceDefinition } from '@plinth/api';
import { until, type Client } from '@plinth/client';
import { appliedState, type AppliedState } from '../drift/judge-drift.ts';
import { OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';
import { applyObject, ClusterUnavailable, type ApplyOptions, type ApplyOutcome } from './apply-object.ts';
import type { DesiredObject } from './build.ts';
import { healthOf } from './health.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { compareObjects, isClusterDefinition, wavesOf } from './sort-order.ts';
import { subjectOf } from './subject.ts';

/** What was applied earlier, by inventory id: an object is left alone while both its manifest and itself are the same. */
export type AppliedObjects = Map<string, AppliedState & { readonly object: UnstructuredObject }>;

export interface ApplySetOptions extends ApplyOptions {
  readonly owner: { readonly name: string; readonly namespace: string };
  /** Look at every live object, too, and not only at what changed in the source. */
  readonly checkLive: boolean;
  readonly applied: AppliedObjects;
  /** Inventory ids of what is to be looked at in any case. */
  readonly open: ReadonlySet<string>;
}

export interface ApplySetResult {
  /** Of the objects that were looked at. */
  readonly outcomes: ReadonlyMap<DesiredObject, ApplyOutcome>;
  /** The cluster stopped answering; objects without an outcome were not tried. */
  readonly unavailable?: string;
}

const CONCURRENCY = 32;

/**
 * Applies objects in Flux' order: definitions and namespaces, then (when the definitions are served) everything else.
 * Objects of one rank go at the same time. Unlike Flux one that fails does not keep the others from being applied.
 */
export async function applySet(objects: ReadonlyMap<string, DesiredObject>, options: ApplySetOptions): Promise<ApplySetResult> {
  const outcomes = new Map<DesiredObject, ApplyOutcome>();
  const pending = options.checkLive ? await withDrift([...objects.values()], options) : [...options.open].flatMap((id) => objects.get(id) ?? []);
  pending.sort((a, b) => compareObjects(a.identity, b.identity));
  const waves = [
    ...wavesOf(pending.filter(({ identity }) => isClusterDefinition(identity.kind)), ({ identity }) => identity.kind),
    ...wavesOf(pending.filter(({ identity }) => !isClusterDefinition(identity.kind)), ({ identity }) => identity.kind),
  ];
  try {
    for (const wave of waves) {
      await mapConcurrently(wave, CONCURRENCY, async (desired) => {
        const outcome = await establish(await applyObject(desired.object, options), options);
        outcomes.set(desired, outcome);
        remember(options.applied, desired, outcome);
      });
    }
  } catch (error) {
    if (error instanceof ClusterUnavailable) return { outcomes, unavailable: error.message };
    throw error;
  }
  return { outcomes };
}

function remember(applied: AppliedObjects, desired: DesiredObject, outcome: ApplyOutcome): void {
  if (outcome.type === 'failed' || outcome.type === 'skipped') applied.delete(desired.id);
  else applied.set(desired.id, { object: desired.object, ...appliedState(outcome.live) });
}

/** Waits until a definition is served; others are ready at once. */
async function establish(outcome: ApplyOutcome, options: ApplySetOptions): Promise<ApplyOutcome> {
  if (outcome.type === 'failed' || outcome.type === 'skipped' || outcome.live.kind !== customResourceDefinitions.kind) return outcome;
  const { live } = outcome;
  if (healthOf(live) === 'Current') return outcome;
  try {
    const ready = await until<CustomResourceDefinition>(
      options.client,
      customResourceDefinitions,
      { name: live.metadata.name },
      (crd) => crd === undefined || healthOf(crd) === 'Current' || healthOf(crd) === 'Failed',
      { timeoutMs: options.timeoutMs, signal: options.signal, what: 'to be established' },
    );
    if (ready && healthOf(ready) === 'Current') return { ...outcome, live: ready as unknown as UnstructuredObject };
  } catch (error) {
    if (options.signal.aborted) throw error;
  }
  return { type: 'failed', message: `timeout waiting for: [${subjectOf(live)} status: 'InProgress']` };
}

/** The objects that somebody wrote since they were applied, and those that are new: one list per kind, not one read each. */
async function withDrift(objects: DesiredObject[], options: ApplySetOptions): Promise<DesiredObject[]> {
  const unchanged = objects.filter(({ id, object }) => options.applied.get(id)?.object === object);
  if (unchanged.length === 0) return objects;
  const versions = new Map<string, string>();
  const kinds = new Map(unchanged.map(({ object }) => [`${object.apiVersion} ${object.kind}`, object] as const));
  await mapConcurrently([...kinds.values()], 8, async ({ apiVersion, kind }) => {
    for (const live of await listOwned(options.client, apiVersion, kind, options.owner)) {
      versions.set(`${apiVersion} ${kind} ${live.metadata.namespace ?? ''}/${live.metadata.name}`, live.metadata.resourceVersion ?? '');
    }
  });
  return objects.filter(({ id, object }) => {
    const before = options.applied.get(id);
    if (before?.object !== object || options.open.has(id)) return true;
    const { namespace = '', name } = object.metadata;
    return versions.get(`${object.apiVersion} ${object.kind} ${namespace}/${name}`) !== before.resourceVersion;
  });
}

async function listOwned(client: Client, apiVersion: string, kind: string, owner: ApplySetOptions['owner']): Promise<readonly UnstructuredObject[]> {
  const resource = await client.resolve({ ...parseApiVersion(apiVersion), kind });
  if (!resource) return [];
  try {
    const labelSelector = `${OWNER_NAME_LABEL}=${owner.name},${OWNER_NAMESPACE_LABEL}=${owner.namespace}`;
    return (await client.list(resource, { labelSelector })).items;
  } catch {
    // Each object is then applied, which says what is wrong with it.
    return [];
  }
}
