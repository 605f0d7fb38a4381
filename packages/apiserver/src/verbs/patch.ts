import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, ApiError, badRequest, isPatchError, unsupportedMediaType, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import type { Draft } from '../registry/strategy.ts';
import { readDraft } from './intake.ts';
import { change, type UpdateTarget } from './update.ts';
import { parseWriteOptions } from './write-options.ts';
import { serverSideApply } from './apply.ts';

const types = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+json': 'apply',
} as const;

/** Errors: NotFound (not for apply, which creates), Conflict, Invalid, UnsupportedMediaType. */
export async function patch(core: Core, target: UpdateTarget, contentType: string, body: unknown, context: RequestContext): Promise<{ readonly object: UnstructuredObject; readonly created: boolean }> {
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  const type = Object.hasOwn(types, media) ? types[media as keyof typeof types] : undefined;
  if (!type || (type === 'strategic' && target.served.crd)) {
    const supported = Object.keys(types).filter((name) => !target.served.crd || !name.includes('strategic'));
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`);
  }
  if (type === 'apply') return serverSideApply(core, target, body, context);
  const options = parseWriteOptions(context);
  if (options.force) throw badRequest('PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch');
  const object = await change(
    core,
    target,
    (current) => withoutCurrentVersion(readDraft(target.served, patched(type, target, current, body), current), current),
    options,
    context,
  );
  return { object, created: false };
}

function patched(type: 'json' | 'merge' | 'strategic', { served }: UpdateTarget, current: UnstructuredObject, body: unknown): unknown {
  try {
    if (type === 'json') return applyJsonPatch(current, body);
    return type === 'merge' ? applyMergePatch(current, body) : applyStrategicMergePatch(current, body, served.kind.schema);
  } catch (error) {
    if (!isPatchError(error)) throw error;
    if (error.kind === 'malformed') throw badRequest(error.message);
    throw inapplicable(error.message);
  }
}

/** In Kubernetes' words, and with the reason, which Kubernetes keeps in the details. */
const inapplicable = (why: string): ApiError =>
  new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the server rejected our request due to an error in our request: ${why}`,
    reason: 'Invalid',
    details: { causes: [{ reason: 'UnexpectedServerResponse', message: why }] },
    code: 422,
  });

/** A patch that does not speak of the resourceVersion is for whatever version is current. */
function withoutCurrentVersion(draft: Draft, current: UnstructuredObject): Draft {
  if (draft.metadata.resourceVersion === current.metadata.resourceVersion) delete draft.metadata.resourceVersion;
  return draft;
}
