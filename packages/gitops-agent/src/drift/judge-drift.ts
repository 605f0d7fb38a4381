import { compareResourceVersions, deepEqual, type KubeObject, type ManagedFieldsEntry } from '@plinth/apimachinery';
import { isHandsOff } from '../kustomization/controls.ts';
import { APPLY_MANAGER } from '../names.ts';

/** An applied object as it was right after that. */
export interface AppliedState {
  readonly resourceVersion: string;
  /** What the agent manages of it, as the server noted it. */
  readonly ownFields: unknown;
}

const isOwn = ({ manager, operation, subresource }: ManagedFieldsEntry): boolean => manager === APPLY_MANAGER && operation === 'Apply' && !subresource;

/** The entry of what was applied. */
export const ownEntry = ({ metadata }: KubeObject): ManagedFieldsEntry | undefined => metadata.managedFields?.find(isOwn);

export const appliedState = (live: KubeObject): AppliedState => ({ resourceVersion: live.metadata.resourceVersion ?? '', ownFields: ownEntry(live)?.fieldsV1 });

/**
 * Whether somebody changed what the agent manages of an object. Who changes a field takes it away from those who managed
 * it (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management), so the note of our own fields
 * tells: a status, another program's fields and what people add do not count. Additions with kubectl (a label that asks for
 * something, a restart) have the time until the interval, as with Flux.
 */
export function hasDrifted(live: KubeObject, applied: AppliedState): boolean {
  const { resourceVersion = '', deletionTimestamp } = live.metadata;
  if (deletionTimestamp || !isLater(resourceVersion, applied.resourceVersion) || isHandsOff(live)) return false;
  return !deepEqual(ownEntry(live)?.fieldsV1, applied.ownFields);
}

/** Where versions cannot be compared, another one is a later one. */
export const isLater = (version: string, reference: string): boolean =>
  NUMBER.test(version) && NUMBER.test(reference) ? compareResourceVersions(version, reference) > 0 : version !== reference;

const NUMBER = /^[0-9]{1,15}$/;

/** Who wrote the object last, besides the agent. */
export function lastWriter({ metadata }: KubeObject): string | undefined {
  const others = (metadata.managedFields ?? []).filter((entry) => !isOwn(entry) && !entry.subresource);
  return others.toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}
