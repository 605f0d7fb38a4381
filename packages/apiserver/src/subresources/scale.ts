import {
  applyJsonPatch,
  applyMergePatch,
  badRequest,
  evaluateJsonPath,
  fieldInvalid,
  invalid,
  isJsonObject,
  parseJsonPath,
  printLabelQuery,
  queryOfSelector,
  unsupportedMediaType,
  type LabelSelector,
  type UnstructuredObject,
} from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import type { Draft } from '../registry/strategy.ts';
import type { Served } from '../registry/served.ts';
import { get } from '../verbs/get.ts';
import { cloneJson } from '../verbs/intake.ts';
import { change } from '../verbs/update.ts';
import { parseWriteOptions } from '../verbs/write-options.ts';
import type { SubresourceTarget } from './route.ts';

/** How many replicas there are and should be, in a form that is the same for every kind that can be scaled. */
export function readScale(core: Core, { served, namespace, name }: SubresourceTarget): UnstructuredObject {
  return scaleOf(served, get(core, served, namespace, name));
}

export type ScaleWrite =
  | { readonly type: 'update'; readonly body: unknown }
  | { readonly type: 'patch'; readonly contentType: string; readonly body: unknown };

/** Changes the wanted number. Errors: Conflict, Invalid. */
export async function writeScale(core: Core, target: SubresourceTarget, write: ScaleWrite, context: RequestContext): Promise<UnstructuredObject> {
  const { served, name } = target;
  const object = await change(
    core,
    target,
    (current) => {
      const scale = write.type === 'update' ? write.body : patched(write.contentType, scaleOf(served, current), write.body);
      if (!isJsonObject(scale) || (scale['kind'] !== undefined && scale['kind'] !== 'Scale')) throw badRequest('the body of the request must be a Scale');
      const metadata = isJsonObject(scale['metadata']) ? scale['metadata'] : {};
      const draft = cloneJson(current) as Draft;
      const version = metadata['resourceVersion'];
      if (typeof version === 'string' && version !== '' && (write.type === 'update' || version !== current.metadata.resourceVersion)) draft.metadata.resourceVersion = version;
      else delete draft.metadata.resourceVersion;
      setAt(draft, pathOf(served.kind.subresources.scale!.specReplicasPath), replicasOf(name, scale['spec']));
      return draft;
    },
    parseWriteOptions(context),
    context,
  );
  return scaleOf(served, object);
}

function scaleOf(served: Served, object: UnstructuredObject): UnstructuredObject {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = served.kind.subresources.scale!;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = labelSelectorPath === undefined ? undefined : valueAt(object, labelSelectorPath);
  const text = typeof selector === 'string' ? selector : isJsonObject(selector) ? printLabelQuery(queryOfSelector(selector as LabelSelector)) : undefined;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}), ...(creationTimestamp ? { creationTimestamp } : {}) },
    spec: { replicas: numberAt(object, specReplicasPath) },
    status: { replicas: numberAt(object, statusReplicasPath), ...(text === undefined ? {} : { selector: text }) },
  };
}

const valueAt = (object: UnstructuredObject, path: string): unknown => evaluateJsonPath(parseJsonPath(path), object)[0];
const numberAt = (object: UnstructuredObject, path: string): number => {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
};

/** `.spec.replicas` -> `['spec', 'replicas']`; CRDs are checked to have no other kind of path. */
const pathOf = (path: string): readonly string[] => path.split('.').filter(Boolean);

function setAt(draft: Draft, path: readonly string[], value: number): void {
  let owner = draft as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    if (!isJsonObject(owner[key])) owner[key] = {};
    owner = owner[key] as Record<string, unknown>;
  }
  owner[path.at(-1)!] = value;
}

function replicasOf(name: string, spec: unknown): number {
  const replicas = isJsonObject(spec) ? (spec['replicas'] ?? 0) : 0;
  if (typeof replicas !== 'number' || !Number.isSafeInteger(replicas) || replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0')]);
  }
  return replicas;
}

function patched(contentType: string, scale: UnstructuredObject, body: unknown): unknown {
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (media === 'application/json-patch+json') return applyJsonPatch(scale, body);
  // A Scale has no lists, so a strategic merge is a merge.
  if (media === 'application/merge-patch+json' || media === 'application/strategic-merge-patch+json') return applyMergePatch(scale, body);
  throw unsupportedMediaType('a Scale takes application/json-patch+json, application/merge-patch+json and application/strategic-merge-patch+json');
}
