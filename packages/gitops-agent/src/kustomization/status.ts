import type { ApplyFailure, InventoryEntry, Kustomization } from '@plinth/api';
import { findCondition, setCondition } from '@plinth/controller-runtime';
import { printDuration } from '../duration.ts';

type Status = NonNullable<Kustomization['status']>;
type Conditions = NonNullable<Status['conditions']>;

/**
 * Additional to Flux' conditions: the last run applied everything but the objects that Ready names. Those who depend on
 * this Kustomization need not wait for somebody to mend them.
 */
export const PARTIALLY_APPLIED = 'PartiallyApplied';

export type FailureReason = 'ArtifactFailed' | 'DependencyNotReady' | 'BuildFailed' | 'ReconciliationFailed' | 'PruneFailed' | 'HealthCheckFailed';

/** How far a run got, for the condition Reconciling. */
export type Stage = 'Fetching manifests' | 'Building manifests' | 'Detecting drift' | 'Running health checks';

/** What a run came to. */
export type RunOutcome =
  | { readonly type: 'applied'; readonly revision: string; readonly inventory: readonly InventoryEntry[]; readonly healthyAfterMs?: number }
  | {
      readonly type: 'failed';
      readonly reason: FailureReason;
      readonly message: string;
      readonly stage: Stage;
      readonly revision?: string;
      /** The run got as far as building. */
      readonly attempted?: boolean;
      readonly inventory?: readonly InventoryEntry[];
      /** Everything but what the message names is applied. */
      readonly isPartial?: boolean;
      /** What `message` sums up, one by one. */
      readonly failures?: readonly ApplyFailure[];
      /** The cluster did not answer: soon it may. */
      readonly isTransient?: boolean;
    }
  /** Fails in the same way until the spec changes. */
  | { readonly type: 'stalled'; readonly reason: string; readonly message: string }
  /** A run that takes long, or the first one, has begun. */
  | { readonly type: 'progressing'; readonly stage: Stage; readonly revision: string; readonly inventory?: readonly InventoryEntry[] };

export interface StatusContext {
  readonly requestedAt: string | undefined;
  readonly timeoutMs: number;
  readonly now: Date;
}

/** Flux cuts messages here. */
const MAX_MESSAGE = 20_000;

/** Failures that a status lists, and how much each may say. */
const MAX_FAILURES = 200;
const MAX_FAILURE_MESSAGE = 1000;

/** The status of a Kustomization after an outcome. */
export function kustomizationStatus(kustomization: Kustomization, outcome: RunOutcome, context: StatusContext): Status {
  const before = kustomization.status ?? {};
  const observedGeneration = kustomization.metadata.generation ?? 0;
  const set = (conditions: Conditions, type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string): Conditions =>
    setCondition(conditions, { type, status, reason, message: message.slice(0, MAX_MESSAGE), observedGeneration }, context.now) as Conditions;
  const without = (conditions: Conditions, ...types: readonly string[]): Conditions => conditions.filter(({ type }) => !types.includes(type));
  const progress = (stage: Stage, revision: string): string => `${stage} for revision ${revision} with a timeout of ${printDuration(context.timeoutMs)}`;
  const handled = context.requestedAt === undefined ? {} : { lastHandledReconcileAt: context.requestedAt };
  const inventoryOf = (entries: readonly InventoryEntry[] | undefined): Pick<Status, 'inventory'> => (entries ? { inventory: { entries } } : {});
  const checksHealth = kustomization.spec?.wait === true || (kustomization.spec?.healthChecks?.length ?? 0) > 0;
  const old = checksHealth ? (before.conditions ?? []) : without(before.conditions ?? [], 'Healthy');
  const { failures: _failures, failureCount: _count, ...unfailed } = before;
  switch (outcome.type) {
    case 'applied': {
      const { revision, healthyAfterMs } = outcome;
      const settled = without(old, 'Reconciling', 'Stalled', PARTIALLY_APPLIED);
      const healthy = healthyAfterMs === undefined ? settled : set(settled, 'Healthy', 'True', 'Succeeded', `Health check passed in ${printDuration(healthyAfterMs)}`);
      return {
        ...unfailed,
        ...handled,
        ...inventoryOf(outcome.inventory),
        observedGeneration,
        lastAttemptedRevision: revision,
        lastAppliedRevision: revision,
        conditions: set(healthy, 'Ready', 'True', 'ReconciliationSucceeded', `Applied revision: ${revision}`),
      };
    }
    case 'failed': {
      const { revision = before.lastAttemptedRevision ?? '', reason, message } = outcome;
      let conditions = set(without(old, 'Stalled'), 'Reconciling', 'True', 'ProgressingWithRetry', progress(outcome.stage, revision));
      conditions = set(conditions, 'Ready', 'False', reason, message);
      if (outcome.isPartial) conditions = set(conditions, PARTIALLY_APPLIED, 'True', 'SomeObjectsFailed', `All objects of revision ${revision} are applied but those that Ready names`);
      else if (reason !== 'DependencyNotReady') conditions = without(conditions, PARTIALLY_APPLIED);
      if (reason === 'HealthCheckFailed') conditions = set(conditions, 'Healthy', 'False', 'HealthCheckFailed', message);
      const attempted = outcome.attempted ? { lastAttemptedRevision: revision, ...failuresOf(outcome.failures ?? []) } : {};
      return { ...(outcome.attempted ? unfailed : before), ...handled, ...inventoryOf(outcome.inventory), ...attempted, conditions };
    }
    case 'stalled': {
      const stalled = set(without(old, 'Reconciling', PARTIALLY_APPLIED), 'Stalled', 'True', outcome.reason, outcome.message);
      return { ...before, ...handled, observedGeneration, conditions: set(stalled, 'Ready', 'False', outcome.reason, outcome.message) };
    }
    case 'progressing': {
      const { stage, revision } = outcome;
      let conditions = set(without(old, 'Stalled'), 'Reconciling', 'True', 'Progressing', progress(stage, revision));
      conditions = set(conditions, 'Ready', 'Unknown', 'Progressing', 'Reconciliation in progress');
      if (stage === 'Running health checks') conditions = set(conditions, 'Healthy', 'Unknown', 'Progressing', progress(stage, revision));
      return { ...before, ...inventoryOf(outcome.inventory), conditions };
    }
    default:
      return outcome satisfies never;
  }
}

/** The newer status says the same but for the revision and the inventory: nothing became better or worse. */
export function isProgressAlone(before: Status | undefined, after: Status): boolean {
  const [was, is] = [findCondition(before?.conditions, 'Ready'), findCondition(after.conditions, 'Ready')];
  return (
    was !== undefined && was.status === is?.status && was.reason === is.reason && (is.status === 'True' || was.message === is.message) &&
    was.observedGeneration === is.observedGeneration && before?.lastHandledReconcileAt === after.lastHandledReconcileAt
  );
}

/** By file, so that the same failures always make the same status. */
function failuresOf(failures: readonly ApplyFailure[]): Pick<Status, 'failures' | 'failureCount'> {
  if (failures.length === 0) return {};
  const key = ({ path = '', kind = '', namespace = '', name = '' }: ApplyFailure): string => `${path} ${kind}/${namespace}/${name}`;
  const sorted = failures.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).slice(0, MAX_FAILURES);
  return { failures: sorted.map((failure) => ({ ...failure, message: failure.message.slice(0, MAX_FAILURE_MESSAGE) })), failureCount: failures.length };
}
