import {
  ApiError,
  applyPatch,
  badRequest,
  conflict,
  fieldRequired,
  invalid,
  isNotFound,
  notFound,
  pruneUnknown,
  strictDecodingMessage,
  unknownFieldMessages,
  type ApplyOutcome,
  type ManagedFieldsEntry,
  type UnstructuredObject,
  timeText,
} from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import { setManagedFields } from '../managed-fields.ts';
import { objectKey } from '../registry/served.ts';
import type { Draft } from '../registry/strategy.ts';
import { createDraft } from './create.ts';
import { cloneJson, readDraft } from './intake.ts';
import { change, type UpdateTarget } from './update.ts';
import { parseWriteOptions } from './write-options.ts';

type Applied = Extract<ApplyOutcome, { kind: 'applied' }>;

/**
 * Server-side apply: the body is what its manager wants to own of the object, which is created when it is not there.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 *
 * Errors: Conflict with every field that another manager owns (not with `force`), BadRequest, Invalid.
 */
export async function serverSideApply(
  core: Core,
  target: UpdateTarget,
  body: unknown,
  context: RequestContext,
): Promise<{ readonly object: UnstructuredObject; readonly created: boolean }> {
  const { served, namespace, name, subresource } = target;
  const options = parseWriteOptions(context);
  const manager = context.query.get('fieldManager') ?? '';
  if (manager === '') throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [fieldRequired('fieldManager', 'is required for apply patch')]);
  const patch = readConfiguration(target, body, options.fieldValidation, context);
  const { resourceVersion, ...metadata } = patch.metadata;
  const configuration: UnstructuredObject = { ...patch, metadata: { ...metadata, name } };
  const time = timeText(core.now());
  const merge = (live: UnstructuredObject | undefined): Applied => {
    const outcome = applyPatch({
      live,
      patch: configuration,
      manager,
      force: options.force,
      schema: served.kind.schema,
      apiVersion: served.apiVersion,
      time,
      ...(subresource === undefined ? {} : { subresource }),
      hasStatusSubresource: served.kind.subresources.status === true,
    });
    if (outcome.kind === 'conflict') throw outcome.error;
    return outcome;
  };
  let managedFields: readonly ManagedFieldsEntry[] = [];
  const record = (draft: Draft): void => setManagedFields(draft, managedFields);
  for (;;) {
    try {
      const object = await change(
        core,
        target,
        (live) => {
          const applied = merge(live);
          managedFields = applied.managedFields;
          const draft = cloneJson(applied.object) as Draft;
          if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
          else delete draft.metadata.resourceVersion;
          return draft;
        },
        options,
        context,
        record,
      );
      return { object, created: false };
    } catch (error) {
      if (!isNotFound(error) || core.store.get(objectKey(served, namespace, name))) throw error;
    }
    if (subresource !== undefined) throw notFound(served.kind, name);
    if (resourceVersion) throw conflict(served.kind, name, 'a resourceVersion was given, but the object does not exist');
    await core.checkCreate(target, context);
    try {
      const applied = merge(undefined);
      managedFields = applied.managedFields;
      return { object: await createDraft(core, served, namespace, cloneJson(applied.object) as Draft, options, context, record), created: true };
    } catch (error) {
      // Somebody else created it just now: apply to what they made.
      if (!(error instanceof ApiError) || error.status.reason !== 'AlreadyExists') throw error;
    }
  }
}

function readConfiguration({ served, namespace, name }: UpdateTarget, body: unknown, fieldValidation: string, context: RequestContext): Draft {
  const draft = readDraft(served, body);
  if (draft.metadata.name && draft.metadata.name !== name) {
    throw badRequest(`the name of the object (${draft.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (served.kind.namespaced && draft.metadata.namespace && draft.metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request (${draft.metadata.namespace} != ${namespace})`);
  }
  const { value, unknown } = pruneUnknown(draft, served.kind.schema, { root: true });
  if (unknown.length > 0 && fieldValidation === 'Strict') throw badRequest(strictDecodingMessage(unknown));
  if (fieldValidation === 'Warn') for (const text of unknownFieldMessages(unknown)) context.warnings.add(text);
  return value;
}
