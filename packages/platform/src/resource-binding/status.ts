import type { ResourceBinding } from '@plinth/api';
import { type ConditionUpdate, findCondition, setConditions } from '../conditions.ts';
import { NOT_SET } from '../promise-revision/revision.ts';

type BindingStatus = NonNullable<ResourceBinding['status']>;

/** How the request stands with the version that its binding leads to. */
export interface VersionStanding {
  readonly version: string;
  /** `succeeded`: its workflow is done and its output stands in the state store. */
  readonly state: 'pending' | 'succeeded' | 'failed';
  /** What the workflow says about its failure. */
  readonly message: string;
  /** Somebody asked for a new run by the label on the binding. */
  readonly wasAsked: boolean;
}

/**
 * The status of a binding (contract, section 7.4). A first deployment has no condition unless it fails. `now` in ms.
 */
export function bindingStatus(before: BindingStatus, { version, state, message, wasAsked }: VersionStanding, now: number): BindingStatus {
  const { lastAppliedVersion: last, failedVersion, ...rest } = before;
  const isOther = last !== undefined && last !== NOT_SET && last !== version;
  const condition = findCondition(before.conditions, UPGRADED);
  const kept = last === undefined ? {} : { lastAppliedVersion: last };
  const inProgress = (text: string): BindingStatus => withCondition({ ...rest, ...kept }, { type: UPGRADED, status: 'Unknown', reason: 'UpgradeInProgress', message: text }, now);
  switch (state) {
    case 'succeeded': {
      const applied = { ...rest, lastAppliedVersion: version };
      return isOther || condition ? withCondition(applied, { type: UPGRADED, status: 'True', reason: 'UpgradeComplete', message: `Resource is at version ${version}` }, now) : applied;
    }
    case 'failed':
      return withCondition({ ...rest, ...kept, failedVersion: version }, { type: UPGRADED, status: 'False', reason: 'UpgradeFailed', message }, now);
    case 'pending':
      if (wasAsked) return inProgress(`Reconciliation requested for version ${version}`);
      return isOther || failedVersion !== undefined ? inProgress(`Upgrade to version ${version} is in progress`) : before;
    default:
      return state satisfies never;
  }
}

const withCondition = (status: BindingStatus, update: ConditionUpdate, now: number): BindingStatus => ({ ...status, conditions: setConditions(status.conditions, [update], now) });

export const UPGRADED = 'UpgradeSucceeded';
