import type { ObjectMeta, UnstructuredObject } from '@plinth/apimachinery';
import type { Kustomization } from '@plinth/api';
import { OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';
import type { Overlay } from './collect-files.ts';
import { substitute } from './substitute.ts';

export interface TransformOptions {
  readonly kustomization: Kustomization;
  readonly overlays: readonly Overlay[];
  readonly variables: ReadonlyMap<string, string>;
  /** Whether a kind has namespaces; undefined when nobody knows. */
  readonly isNamespaced: (object: UnstructuredObject) => boolean | undefined;
}

/**
 * The object as it is to be applied: overlays, target namespace, variables, common metadata and the labels that say whose
 * it is; without fields that only a server may set. Throws when a variable cannot be replaced.
 */
export function transform(object: UnstructuredObject, options: TransformOptions): UnstructuredObject {
  const { kustomization } = options;
  const { targetNamespace, commonMetadata } = kustomization.spec ?? {};
  const namespaces = [...options.overlays.map(({ namespace }) => namespace), targetNamespace].filter((name) => name !== undefined);
  const substituted = substitute(object, options.variables);
  const { name, namespace, labels, annotations, ...rest } = substituted.metadata;
  const namespaced = options.isNamespaced(substituted);
  const effective = namespaced === false ? undefined : (namespaces.at(-1) ?? namespace ?? undefined);
  const allAnnotations = Object.assign({}, annotations, ...options.overlays.map((overlay) => overlay.annotations), commonMetadata?.annotations) as Record<string, string>;
  const allLabels = Object.assign({}, labels, ...options.overlays.map((overlay) => overlay.labels), commonMetadata?.labels) as Record<string, string>;
  delete allAnnotations['kubectl.kubernetes.io/last-applied-configuration'];
  const metadata: ObjectMeta = {
    ...withoutServerFields(rest),
    name,
    ...(effective ? { namespace: effective } : {}),
    ...(Object.keys(allAnnotations).length > 0 ? { annotations: allAnnotations } : {}),
    labels: { ...allLabels, [OWNER_NAME_LABEL]: kustomization.metadata.name, [OWNER_NAMESPACE_LABEL]: kustomization.metadata.namespace ?? '' },
  };
  return { ...substituted, metadata };
}

type Rest = Omit<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>;

function withoutServerFields(metadata: Rest): Rest {
  const { uid: _uid, resourceVersion: _version, generation: _generation, creationTimestamp: _creation, managedFields: _fields, selfLink: _link, ...rest } = metadata;
  return rest;
}
