import { badRequest, conflict, deepEqual, fieldInvalid, invalid, notFound, timeText, type UnstructuredObject } from '@plinth/apimachinery';
import type { Entry } from '@plinth/object-store';
import type { Core, RequestContext } from '../core.ts';
import { trackUpdate } from '../managed-fields.ts';
import { objectKey, type Served } from '../registry/served.ts';
import type { Draft } from '../registry/strategy.ts';
import { decode } from '../storage/codec.ts';
import { ensureConverted, toServed, toStorage } from './convert.ts';
import type { Recorder } from './create.ts';
import { admit, asWritten, specDiffers, strategyContext, toBytes } from './finish.ts';
import { checkBody, normalise, readDraft } from './intake.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

export interface UpdateTarget {
  readonly served: Served;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource?: string;
}

/** Replaces an object (or its `status`). Errors: NotFound, Conflict, Invalid. */
export async function update(core: Core, target: UpdateTarget, body: unknown, context: RequestContext): Promise<UnstructuredObject> {
  const { served, namespace, name } = target;
  const options = parseWriteOptions(context);
  checkBody(served, body, options, (message) => context.warnings.add(message));
  const entry = core.store.get(objectKey(served, namespace, name));
  const stored = entry && decode(entry);
  const conversion = stored && ensureConverted(served, stored);
  if (conversion) await conversion;
  const given = readDraft(served, body, stored && toServed(served, stored));
  if (given.metadata.name && given.metadata.name !== name) {
    throw badRequest(`the name of the object (${given.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (served.kind.namespaced && given.metadata.namespace && given.metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request (${given.metadata.namespace} != ${namespace})`);
  }
  if (!given.metadata.resourceVersion && served.strategy.needsVersion) {
    throw invalid(served.kind, name, [fieldInvalid('metadata.resourceVersion', 0, 'must be specified for an update')]);
  }
  return change(core, target, () => ({ ...given, metadata: { ...given.metadata } }), options, context);
}

/** Makes the next state of an object out of the current one. May run again when another write came between. */
export type Transform = (current: UnstructuredObject) => Draft | Promise<Draft>;

/**
 * Reads, transforms and writes one object, again and again until nobody else wrote in between. A draft that names a
 * resourceVersion is tried against that version only.
 *
 * Guarantees: a change that changes nothing writes nothing; what may not change (uid, creation, deletion) does not.
 */
export async function change(
  core: Core,
  target: UpdateTarget,
  transform: Transform,
  options: WriteOptions,
  context: RequestContext,
  record?: Recorder,
): Promise<UnstructuredObject> {
  const { served, namespace, name } = target;
  const key = objectKey(served, namespace, name);
  const attempt = async (): Promise<UnstructuredObject | undefined> => {
    const entry = core.store.get(key);
    if (!entry) throw notFound(served.kind, name);
    return changeOnce(core, target, entry, transform, options, context, record);
  };
  const first = await attempt();
  if (first) return first;
  // Those who lost a race line up, or each of them would do its work again for every one that wins.
  return inTurn(core, key, async () => {
    for (let tries = 0; tries < 20; tries += 1) {
      const result = await attempt();
      if (result) return result;
    }
    throw conflict(served.kind, name, 'other writes kept coming between; please try again');
  });
}

const lines = new WeakMap<Core, Map<string, Promise<unknown>>>();

/** Runs `work` when all that was given for the same key before has ended. */
async function inTurn<T>(core: Core, key: string, work: () => Promise<T>): Promise<T> {
  let ofServer = lines.get(core);
  if (!ofServer) lines.set(core, (ofServer = new Map()));
  const before = ofServer.get(key) ?? Promise.resolve();
  const own = before.then(work, work);
  const settled = own.catch(() => {});
  ofServer.set(key, settled);
  try {
    return await own;
  } finally {
    if (ofServer.get(key) === settled) ofServer.delete(key);
  }
}

const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

/** Undefined: another write came first. */
async function changeOnce(
  core: Core,
  { served, namespace, name, subresource }: UpdateTarget,
  entry: Entry,
  transform: Transform,
  options: WriteOptions,
  context: RequestContext,
  record: Recorder | undefined,
): Promise<UnstructuredObject | undefined> {
  const stored = decode(entry);
  const conversion = ensureConverted(served, stored);
  if (conversion) await conversion;
  const old = toServed(served, stored);
  const given = await transform(old);
  const version = given.metadata.resourceVersion;
  const pinned = version !== undefined && version !== '' && version !== old.metadata.resourceVersion;
  if (pinned) throw conflict(served.kind, name, STALE);
  checkUid(served, given, old);
  let draft = keepIdentity(served, given, old, subresource);
  draft = normalise(served, draft, options, (message) => context.warnings.add(message), old);
  const forStrategy = strategyContext(core, context, options, subresource);
  served.strategy.prepare?.(draft, old, forStrategy);
  shareUnchanged(draft, old);
  draft = await admit(core, served, draft, { operation: 'UPDATE', oldObject: old, user: context.user, dryRun: options.dryRun, ...(subresource ? { subresource } : {}) }, context);
  if (draft.metadata.generation !== undefined && subresource !== 'status' && specDiffers(draft, old, deepEqual)) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  const reservation = served.strategy.reserve?.(draft, old, forStrategy);
  try {
    if (record) record(draft, old);
    else trackUpdate(served, draft, old, { manager: options.fieldManager, time: timeText(core.now()), ...(subresource ? { subresource } : {}) });
    const gone = mayVanish(served, draft);
    if (!gone && deepEqual(withoutVersion(draft), withoutVersion(old))) {
      reservation?.release();
      return old;
    }
    const inStorage = gone ? undefined : toStorage(served, draft);
    const value = gone ? undefined : toBytes(served, inStorage ? await inStorage : draft);
    if (options.dryRun) {
      reservation?.release();
      return { ...draft, metadata: { ...draft.metadata, ...(old.metadata.resourceVersion ? { resourceVersion: old.metadata.resourceVersion } : {}) } };
    }
    const key = objectKey(served, namespace, name);
    const result = await core.store.write({ key, value, expectedRevision: entry.revision });
    if (!result.ok) {
      reservation?.release();
      if (version) throw conflict(served.kind, name, STALE);
      return undefined;
    }
    if (!value) return { ...draft, metadata: { ...draft.metadata, resourceVersion: String(result.revision) } };
    return asWritten(served, draft, { key, value, revision: result.revision });
  } catch (error) {
    reservation?.release();
    throw error;
  }
}

function checkUid(served: Served, given: Draft, old: UnstructuredObject): void {
  const { uid, name } = given.metadata;
  if (uid && uid !== old.metadata.uid) {
    throw conflict(served.kind, name || old.metadata.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
}

/** The draft with everything that this request may not change taken from the object as it is. */
function keepIdentity(served: Served, given: Draft, old: UnstructuredObject, subresource: string | undefined): Draft {
  const { metadata } = old;
  if (subresource === 'status') {
    const { status: _status, ...kept } = old;
    return {
      ...kept,
      metadata: { ...kept.metadata, ...(given.metadata.managedFields ? { managedFields: given.metadata.managedFields } : {}) },
      ...(given['status'] === undefined ? {} : { status: given['status'] }),
    };
  }
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _grace, generation: _generation, resourceVersion: _version, selfLink: _link, ...wanted } = given.metadata;
  const draft: Draft = {
    ...given,
    metadata: {
      ...wanted,
      // Another name than the object's own is refused by validation.
      name: wanted.name || metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: wanted.namespace || metadata.namespace }),
      ...(metadata.generateName === undefined ? {} : { generateName: metadata.generateName }),
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
      ...(metadata.creationTimestamp === undefined ? {} : { creationTimestamp: metadata.creationTimestamp }),
      ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
      ...(metadata.deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds }),
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation }),
      ...(wanted.managedFields === undefined && metadata.managedFields !== undefined ? { managedFields: metadata.managedFields } : {}),
    },
  };
  if (served.kind.subresources.status) {
    if (old['status'] === undefined) delete draft['status'];
    else draft['status'] = old['status'];
  }
  return draft;
}

/** Parts that a strategy made anew and as they were are taken from the object as it is, so that nobody looks at them again. */
function shareUnchanged(draft: Draft, old: UnstructuredObject): void {
  for (const key of Object.keys(draft)) {
    if (key !== 'metadata' && draft[key] !== old[key] && deepEqual(draft[key], old[key])) draft[key] = old[key];
  }
}

/** An object that was being deleted goes with its last finalizer. */
function mayVanish(served: Served, draft: Draft): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = draft.metadata;
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (finalizers?.length ?? 0) === 0 &&
    !served.strategy.kept?.(draft)
  );
}

function withoutVersion(object: UnstructuredObject): unknown {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

