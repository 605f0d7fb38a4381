import { badRequest, conflict, isJsonObject, notFound, timeText, type UnstructuredObject } from '@plinth/apimachinery';
import { objectKey, type Served } from '../registry/served.ts';
import type { Core, RequestContext } from '../core.ts';
import type { Draft } from '../registry/strategy.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';
import { ensureConverted, toServed, toStorage } from './convert.ts';
import { asWritten, toBytes } from './finish.ts';
import { cloneJson } from './intake.ts';
import { parseDryRun } from './write-options.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun: boolean;
}

/** From the body (`DeleteOptions`) or, without one, the query. Errors: BadRequest. */
export function parseDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  if (body !== undefined && !isJsonObject(body)) throw badRequest('the body of a delete must be DeleteOptions');
  const kind = body?.['kind'];
  if (kind !== undefined && kind !== 'DeleteOptions' && kind !== '') throw badRequest(`the body of a delete must be DeleteOptions, found ${String(kind).slice(0, 64)}`);
  const grace = body?.['gracePeriodSeconds'] ?? numberOf(query.get('gracePeriodSeconds'));
  if (grace !== undefined && grace !== null && (!Number.isSafeInteger(grace) || (grace as number) < 0)) throw badRequest('gracePeriodSeconds: Invalid value: must be greater than or equal to 0');
  const propagation = body?.['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  if (propagation !== undefined && propagation !== 'Background' && propagation !== 'Foreground' && propagation !== 'Orphan') {
    throw badRequest(`propagationPolicy: Unsupported value: ${JSON.stringify(propagation)}: supported values: "Foreground", "Background", "Orphan", ""`);
  }
  const orphan = body?.['orphanDependents'];
  const preconditions = isJsonObject(body?.['preconditions']) ? body['preconditions'] : {};
  const dryRun = Array.isArray(body?.['dryRun']) ? body['dryRun'].map(String) : query.getAll('dryRun');
  const legacy = orphan === true ? 'Orphan' : orphan === false ? 'Background' : undefined;
  return {
    dryRun: parseDryRun(dryRun),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...((propagation ?? legacy) ? { propagation: propagation ?? legacy! } : {}),
    ...(typeof preconditions['uid'] === 'string' ? { uid: preconditions['uid'] } : {}),
    ...(typeof preconditions['resourceVersion'] === 'string' ? { resourceVersion: preconditions['resourceVersion'] } : {}),
  };
}

const numberOf = (text: string | null): number | undefined => (text === null || text === '' ? undefined : Number(text));

export interface DeleteTarget {
  readonly served: Served;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Deleted {
  /** Whether it is out of the store; otherwise it waits for finalizers or its grace period. */
  readonly gone: boolean;
  readonly object: UnstructuredObject;
}

/** Errors: NotFound, Conflict for a precondition that does not hold. */
export async function remove(core: Core, { served, namespace, name }: DeleteTarget, options: DeleteOptions, context: RequestContext): Promise<Deleted> {
  const key = objectKey(served, namespace, name);
  for (;;) {
    const entry = core.store.get(key);
    if (!entry) throw notFound(served.kind, name);
    let old: UnstructuredObject;
    try {
      const stored = decode(entry);
      const conversion = ensureConverted(served, stored);
      if (conversion) await conversion;
      old = toServed(served, stored);
    } catch (error) {
      if (!(error instanceof DamagedValueError)) throw error;
      // Nothing in it can be honoured, and it must be possible to get rid of it.
      const result = await core.store.write({ key, value: undefined, expectedRevision: entry.revision });
      if (result.ok) return { gone: true, object: { apiVersion: served.apiVersion, kind: served.kind.kind, metadata: { name, ...(namespace ? { namespace } : {}) } } };
      continue;
    }
    checkPreconditions(served, old, options);
    served.strategy.checkDelete?.(old);
    if (served.strategy.defaultPropagation === 'Orphan' && !options.propagation && !options.dryRun) context.warnings.add(ORPHANED);
    for (const hook of core.admission) {
      await hook({ operation: 'DELETE', resource: served.kind, oldObject: old, user: context.user, dryRun: options.dryRun, warn: (message) => context.warnings.add(message) });
    }
    const next = mark(core, served, old, options);
    if (next === old) return { gone: false, object: old };
    if (options.dryRun) return { gone: next === undefined, object: next ?? old };
    const inStorage = next && toStorage(served, next);
    const value = next && toBytes(served, inStorage ? await inStorage : next);
    const result = await core.store.write({ key, value, expectedRevision: entry.revision });
    if (!result.ok) continue;
    if (value) return { gone: false, object: asWritten(served, next, { key, value, revision: result.revision }) };
    return { gone: true, object: old };
  }
}

const ORPHANED =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

function checkPreconditions(served: Served, old: UnstructuredObject, { uid, resourceVersion }: DeleteOptions): void {
  const { metadata } = old;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(served.kind, metadata.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(served.kind, metadata.name, `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`);
  }
}

/** The object as deletion leaves it; undefined when it goes at once, `old` itself when nothing changes. */
function mark(core: Core, served: Served, old: UnstructuredObject, options: DeleteOptions): UnstructuredObject | undefined {
  const { strategy } = served;
  const finalizers = new Set(old.metadata.finalizers);
  const propagation = options.propagation ?? defaultPropagation(served, finalizers);
  finalizers.delete('orphan');
  finalizers.delete('foregroundDeletion');
  if (propagation === 'Orphan') finalizers.add('orphan');
  if (propagation === 'Foreground') finalizers.add('foregroundDeletion');
  const pending = old.metadata.deletionTimestamp !== undefined;
  const wanted = strategy.gracePeriodSeconds?.(old, options.gracePeriodSeconds) ?? 0;
  // Asked again, a grace period can only become shorter.
  const grace = pending ? Math.min(wanted, old.metadata.deletionGracePeriodSeconds ?? 0) : wanted;
  const draft = cloneJson(old) as Draft;
  const { finalizers: _, ...metadata } = draft.metadata;
  draft.metadata = { ...metadata, ...(finalizers.size > 0 ? { finalizers: [...finalizers] } : {}) };
  if (!pending || grace < (old.metadata.deletionGracePeriodSeconds ?? 0)) {
    const started = pending ? Date.parse(old.metadata.deletionTimestamp ?? '') - (old.metadata.deletionGracePeriodSeconds ?? 0) * 1_000 : core.now();
    draft.metadata.deletionTimestamp = timeText(started + grace * 1_000);
    draft.metadata.deletionGracePeriodSeconds = grace;
    if (draft.metadata.generation !== undefined && !pending) draft.metadata.generation += 1;
    strategy.markDeleted?.(draft);
  }
  if (grace === 0 && finalizers.size === 0 && !strategy.kept?.(draft)) return undefined;
  const same = pending && grace === (old.metadata.deletionGracePeriodSeconds ?? 0) && sameFinalizers(old, finalizers);
  return same ? old : draft;
}

function defaultPropagation(served: Served, finalizers: ReadonlySet<string>): DeleteOptions['propagation'] {
  if (finalizers.has('orphan')) return 'Orphan';
  if (finalizers.has('foregroundDeletion')) return 'Foreground';
  return served.strategy.defaultPropagation ?? 'Background';
}

const sameFinalizers = (old: UnstructuredObject, next: ReadonlySet<string>): boolean =>
  next.size === (old.metadata.finalizers?.length ?? 0) && (old.metadata.finalizers ?? []).every((finalizer) => next.has(finalizer));

