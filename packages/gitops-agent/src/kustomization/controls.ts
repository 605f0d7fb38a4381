import type { KubeObject } from '@plinth/apimachinery';
import { CONTROL_PREFIX, OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL } from '../names.ts';

export type Control = 'prune' | 'reconcile' | 'ssa' | 'force' | 'substitute';

/** What somebody asks of the agent on an object, as an annotation or as a label. */
export function controlOf(object: KubeObject | undefined, control: Control): string | undefined {
  const key = CONTROL_PREFIX + control;
  return object?.metadata.annotations?.[key] ?? object?.metadata.labels?.[key];
}

/** Nobody may touch the object, neither to apply nor to delete it. Counts in the manifest and on the live object. */
export const isHandsOff = (object: KubeObject | undefined): boolean => controlOf(object, 'reconcile') === 'disabled' || controlOf(object, 'ssa') === 'Ignore';

/** The object carries the labels of this Kustomization. */
export const isOwnedBy = (object: KubeObject, owner: { readonly name: string; readonly namespace?: string | undefined }): boolean =>
  object.metadata.labels?.[OWNER_NAME_LABEL] === owner.name && object.metadata.labels[OWNER_NAMESPACE_LABEL] === (owner.namespace ?? '');
