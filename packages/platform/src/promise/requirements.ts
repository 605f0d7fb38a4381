import type { PlatformPromise, PromiseRevision } from '@plinth/api';
import { type ConditionUpdate, isTrue } from '../conditions.ts';

type RequirementState = 'Requirement installed' | 'Requirement not installed' | 'Requirement not installed at the specified version' | 'Requirement not available';

export interface Requirement {
  readonly name: string;
  readonly version: string;
  readonly state: RequirementState;
}

/** How the Promises that a Promise requires stand (contract, section 7.1). */
export function requirementsOf(promise: PlatformPromise, find: (name: string) => PlatformPromise | undefined, revisions: readonly PromiseRevision[]): readonly Requirement[] {
  return (promise.spec?.requiredPromises ?? []).map(({ name = '', version = '' }) => ({ name, version, state: stateOf(find(name), version, revisions) }));
}

function stateOf(required: PlatformPromise | undefined, version: string, revisions: readonly PromiseRevision[]): RequirementState {
  if (!required) return 'Requirement not installed';
  const hasVersion = version === '' || revisions.some(({ spec }) => spec?.promiseRef.name === required.metadata.name && spec.version === version);
  if (!hasVersion) return 'Requirement not installed at the specified version';
  return isTrue(required.status?.conditions, 'Available') ? 'Requirement installed' : 'Requirement not available';
}

export const areFulfilled = (requirements: readonly Requirement[]): boolean => requirements.every(({ state }) => state === 'Requirement installed');

/** Only Promises that require something, or did, carry this condition. */
export function requirementsCondition(requirements: readonly Requirement[]): ConditionUpdate {
  const type = 'RequirementsFulfilled';
  if (areFulfilled(requirements)) return { type, status: 'True', reason: 'RequirementsInstalled', message: 'Requirements fulfilled' };
  const isMissing = requirements.some(({ state }) => state.startsWith('Requirement not installed'));
  return { type, status: 'False', reason: isMissing ? 'RequirementsNotInstalled' : 'RequirementsNotAvailable', message: 'Requirements not fulfilled' };
}

/** `status.requiredBy`: who requires this Promise now. */
export function requiredBy(promise: PlatformPromise, all: readonly PlatformPromise[], versionOf: (promise: PlatformPromise) => string) {
  return all.flatMap((other) =>
    (other.spec?.requiredPromises ?? [])
      .filter(({ name }) => name === promise.metadata.name)
      .map(({ version = '' }) => ({ promise: { name: other.metadata.name, version: versionOf(other) }, requiredVersion: version })),
  );
}
