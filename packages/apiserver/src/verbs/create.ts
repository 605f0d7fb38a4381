import { randomUUID } from 'node:crypto';
import { alreadyExists, badRequest, generateName, methodNotAllowed, timeText, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { trackUpdate } from '../managed-fields.ts';
import { objectKey, type Served } from '../registry/served.ts';
import type { Draft } from '../registry/strategy.ts';
import { toStorage } from './convert.ts';
import { admit, asWritten, checkNamespace, strategyContext, toBytes } from './finish.ts';
import { checkBody, normalise, readDraft } from './intake.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

/** How a write is recorded in managedFields, when not as an ordinary update. */
export type Recorder = (draft: Draft, old: UnstructuredObject | undefined) => void;

/** Errors: AlreadyExists, Invalid, NotFound and Forbidden for a namespace that is missing or being deleted. */
export async function create(core: Core, served: Served, namespace: string | undefined, body: unknown, context: RequestContext): Promise<UnstructuredObject> {
  const options = parseWriteOptions(context);
  checkBody(served, body, options, (message) => context.warnings.add(message));
  const draft = readDraft(served, body);
  return createDraft(core, served, namespace, draft, options, context);
}

/** `record` is for server-side apply, which knows better than a comparison which fields it owns. */
export async function createDraft(
  core: Core,
  served: Served,
  namespace: string | undefined,
  draft: Draft,
  options: WriteOptions,
  context: RequestContext,
  record?: Recorder,
): Promise<UnstructuredObject> {
  const { metadata } = draft;
  if (served.crd?.terminating) throw methodNotAllowed('create not allowed while custom resource definition is terminating');
  placeInNamespace(served, metadata, namespace);
  if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  const generated = !metadata.name && !!metadata.generateName;
  checkNamespace(core, served, namespace, metadata.name || metadata.generateName || '');
  for (let attempt = 1; ; attempt += 1) {
    const copy: Draft = generated ? { ...draft, metadata: { ...metadata, name: generateName(metadata.generateName ?? '', core.random) } } : draft;
    try {
      return await createOnce(core, served, namespace, copy, options, context, record);
    } catch (error) {
      // Eight tries at a name, as Kubernetes makes them.
      if (!generated || attempt >= 8 || !(error instanceof Taken)) throw error instanceof Taken ? alreadyExists(served.kind, copy.metadata.name) : error;
    }
  }
}

class Taken extends Error {}

async function createOnce(
  core: Core,
  served: Served,
  namespace: string | undefined,
  given: Draft,
  options: WriteOptions,
  context: RequestContext,
  record: Recorder | undefined,
): Promise<UnstructuredObject> {
  const { strategy, kind } = served;
  const now = core.now();
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _grace, selfLink: _link, generation: _generation, ...metadata } = given.metadata;
  let draft: Draft = { ...given, metadata: { ...metadata, uid: randomUUID(), creationTimestamp: timeText(now) } };
  if (kind.subresources.status) delete draft['status'];
  if (strategy.countsGeneration ?? kind.subresources.status) draft.metadata.generation = 1;
  draft = normalise(served, draft, options, (message) => context.warnings.add(message));
  const forStrategy = strategyContext(core, context, options);
  strategy.prepare?.(draft, undefined, forStrategy);
  draft = await admit(core, served, draft, { operation: 'CREATE', user: context.user, dryRun: options.dryRun }, context);
  const key = objectKey(served, namespace, draft.metadata.name);
  if (core.store.get(key)) throw new Taken();
  const reservation = strategy.reserve?.(draft, undefined, forStrategy);
  try {
    if (record) record(draft, undefined);
    else trackUpdate(served, draft, undefined, { manager: options.fieldManager, time: timeText(now) });
    const converted = toStorage(served, draft);
    const value = toBytes(served, converted ? await converted : draft);
    if (options.dryRun) {
      reservation?.release();
      return draft;
    }
    const result = await core.store.write({ key, value, expectedRevision: 0 });
    if (!result.ok) throw new Taken();
    return asWritten(served, draft, { key, value, revision: result.revision });
  } catch (error) {
    reservation?.release();
    throw error;
  }
}

function placeInNamespace(served: Served, metadata: Draft['metadata'], namespace: string | undefined): void {
  if (!served.kind.namespaced) {
    if (metadata.namespace) throw badRequest('namespace must be empty: the kind is cluster-scoped');
    return;
  }
  if (namespace === undefined) throw badRequest('an empty namespace may not be set during creation');
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request (${metadata.namespace} != ${namespace})`);
  }
  metadata.namespace = namespace;
}

