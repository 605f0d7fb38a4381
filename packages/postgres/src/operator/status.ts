import type { Postgresql, PostgresqlStatus } from '@plinth/api';
import { setCondition, type Condition } from '@plinth/controller-runtime';
import type { Outcome } from './apply.ts';
import type { Member } from './members.ts';
import { hostOf } from './names.ts';

/** What a look at a cluster is about: it decides how failures are called. */
export type Operation = 'create' | 'update' | 'sync';

/** The values of `.status.PostgresClusterStatus`. */
export const clusterStatus = {
  creating: 'Creating',
  updating: 'Updating',
  running: 'Running',
  createFailed: 'CreateFailed',
  updateFailed: 'UpdateFailed',
  syncFailed: 'SyncFailed',
  invalid: 'Invalid',
} as const;
export type ClusterStatus = (typeof clusterStatus)[keyof typeof clusterStatus];

export const conditionTypes = { ready: 'Ready', progressing: 'Progressing', degraded: 'Degraded', ignored: 'ChangesIgnored' } as const;

const failedAs: Readonly<Record<Operation, ClusterStatus>> = {
  create: clusterStatus.createFailed,
  update: clusterStatus.updateFailed,
  sync: clusterStatus.syncFailed,
};
const underWayAs: Readonly<Record<Operation, ClusterStatus | undefined>> = { create: clusterStatus.creating, update: clusterStatus.updating, sync: undefined };

/** Which operation the object needs: nothing but its own status and generation tell. */
export function operationOf({ metadata, status }: Postgresql): Operation {
  switch (status?.PostgresClusterStatus as ClusterStatus | undefined) {
    case undefined:
    case 'Invalid':
    case 'Creating':
    case 'CreateFailed':
      return 'create';
    case 'Updating':
    case 'UpdateFailed':
      return 'update';
    case 'Running':
    case 'SyncFailed':
      return status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation ? 'update' : 'sync';
    default:
      return 'sync';
  }
}

/** The status at the beginning of an operation, before anything is done: undefined when it stays as it is. */
export function beginStatus(object: Postgresql, operation: Operation): PostgresqlStatus | undefined {
  const current = object.status?.PostgresClusterStatus;
  const next = underWayAs[operation];
  if (!next || current === next || current === failedAs[operation]) return undefined;
  return { ...object.status, PostgresClusterStatus: next };
}

export interface Findings {
  readonly operation: Operation;
  readonly outcomes: readonly Outcome[];
  readonly members: readonly Member[];
  readonly instances: number;
  /** Roles and databases of this generation are there, which was seen by logging in. */
  readonly databasesReady: boolean;
  readonly ignored: readonly string[];
  /** `create` takes longer than it may. */
  readonly overdue: boolean;
}

/** Status from what was found, purely. */
export function statusOf(object: Postgresql, findings: Findings, now: Date): PostgresqlStatus {
  const { operation, outcomes, members, instances, ignored } = findings;
  const failures = outcomes.filter((outcome) => outcome.type === 'failed');
  const waits = outcomes.filter((outcome) => outcome.type === 'waiting');
  const primary = members.find(({ role, ready }) => role === 'master' && ready);
  const readyInstances = members.filter(({ ready }) => ready).length;
  const current = object.status?.PostgresClusterStatus;
  const isSettled = failures.length === 0 && waits.length === 0;
  const hasFailed = failures.length > 0 || findings.overdue;
  const clusterState = hasFailed ? failedAs[operation] : isSettled ? clusterStatus.running : (current ?? underWayAs[operation] ?? clusterStatus.running);

  const generation = object.metadata.generation;
  const observed = isSettled || hasFailed ? generation : object.status?.observedGeneration;
  const about = generation === undefined ? {} : { observedGeneration: generation };
  const ready: Verdict = instances === 0
    ? { status: 'False', reason: 'Stopped', message: 'spec.numberOfInstances is 0' }
    : primary && findings.databasesReady
      ? { status: 'True', reason: 'AcceptsSQL', message: `the primary ${primary.name} accepts SQL` }
      : { status: 'False', reason: primary ? 'DatabasesNotReady' : 'NoPrimary', message: failures[0]?.message ?? waits[0]?.message ?? 'no primary is ready' };
  const progressing: Verdict = waits[0] && !hasFailed
    ? { status: 'True', reason: waits[0].reason, message: waits[0].message }
    : { status: 'False', reason: hasFailed ? 'Failed' : 'Settled', message: hasFailed ? (failures[0]?.message ?? waits[0]?.message ?? '') : '' };
  const degraded: Verdict = hasFailed
    ? { status: 'True', reason: failedAs[operation], message: failures.map(({ message }) => message).join('; ') || (waits[0]?.message ?? '') }
    : isSettled && readyInstances < instances
      ? { status: 'True', reason: 'InstancesMissing', message: `${readyInstances} of ${instances} servers are ready` }
      : { status: 'False', reason: 'AsWanted', message: '' };
  const notes: Verdict = ignored.length > 0
    ? { status: 'True', reason: 'NotCarriedOut', message: ignored.join('; ') }
    : { status: 'False', reason: 'None', message: '' };

  let conditions = object.status?.conditions as readonly Condition[] | undefined;
  const verdicts = { [conditionTypes.ready]: ready, [conditionTypes.progressing]: progressing, [conditionTypes.degraded]: degraded };
  for (const [type, verdict] of Object.entries(verdicts)) conditions = setCondition(conditions, { type, ...verdict, ...about }, now);
  // Only worth a line while, or after, there was something to say.
  if (ignored.length > 0 || conditions?.some(({ type }) => type === conditionTypes.ignored)) conditions = setCondition(conditions, { type: conditionTypes.ignored, ...notes, ...about }, now);

  const { name, namespace = 'default' } = object.metadata;
  return {
    PostgresClusterStatus: clusterState,
    ...(observed === undefined ? {} : { observedGeneration: observed }),
    conditions: conditions as PostgresqlStatus['conditions'],
    readyInstances,
    ...(primary ? { primary: primary.name } : {}),
    endpoint: `${hostOf(name, namespace)}:5432`,
    ...(hasFailed ? { message: degraded.message } : {}),
  };
}

/** The status of an object that cannot be carried out as it is written. */
export function refusedStatus(object: Postgresql, state: ClusterStatus, message: string, now: Date): PostgresqlStatus {
  const { generation } = object.metadata;
  const about = generation === undefined ? {} : { observedGeneration: generation };
  let conditions = object.status?.conditions as readonly Condition[] | undefined;
  if (state === clusterStatus.invalid) conditions = setCondition(conditions, { type: conditionTypes.ready, status: 'False', reason: 'Invalid', message, ...about }, now);
  conditions = setCondition(conditions, { type: conditionTypes.progressing, status: 'False', reason: state, message, ...about }, now);
  conditions = setCondition(conditions, { type: conditionTypes.degraded, status: 'True', reason: state, message, ...about }, now);
  return { ...object.status, PostgresClusterStatus: state, ...about, conditions: conditions as PostgresqlStatus['conditions'], message };
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;
