import type { Source } from './source.ts';
import { setCondition } from '@plinth/controller-runtime';

type Status = NonNullable<Source['status']>;
type Artifact = NonNullable<Status['artifact']>;
type Conditions = NonNullable<Status['conditions']>;

/** What a look at the remote came to. */
export type SourceOutcome =
  | { readonly type: 'stored'; readonly artifact: Artifact }
  /** The newest revision is stored already. */
  | { readonly type: 'unchanged' }
  | { readonly type: 'failed'; readonly condition: 'FetchFailed' | 'StorageOperationFailed'; readonly reason: string; readonly message: string }
  /** Fails in the same way until the spec changes. */
  | { readonly type: 'stalled'; readonly reason: string; readonly message: string };

const without = (conditions: Conditions, ...types: readonly string[]): Conditions => conditions.filter(({ type }) => !types.includes(type));

/** The status of a source after an outcome. A failure keeps the last artifact. */
export function sourceStatus(source: Source, outcome: SourceOutcome, requestedAt: string | undefined, now: Date): Status {
  const before = source.status ?? {};
  const observedGeneration = source.metadata.generation ?? 0;
  const set = (conditions: Conditions, type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string): Conditions =>
    setCondition(conditions, { type, status, reason, message: message.slice(0, 20_000), observedGeneration }, now) as Conditions;
  const handled = requestedAt === undefined ? {} : { lastHandledReconcileAt: requestedAt };
  const old = before.conditions ?? [];
  switch (outcome.type) {
    case 'stored':
    case 'unchanged': {
      const artifact = outcome.type === 'stored' ? outcome.artifact : before.artifact;
      const message = `stored artifact${source.kind === 'Bucket' ? ':' : ' for'} revision '${artifact?.revision ?? ''}'`;
      const healthy = without(old, 'Reconciling', 'FetchFailed', 'StorageOperationFailed', 'ArtifactOutdated', 'Stalled');
      const conditions = set(set(healthy, 'Ready', 'True', 'Succeeded', message), 'ArtifactInStorage', 'True', 'Succeeded', message);
      return {
        ...before,
        ...handled,
        observedGeneration,
        ...(artifact ? { artifact } : {}),
        ...(source.spec?.ignore === undefined ? {} : { observedIgnore: source.spec.ignore }),
        conditions,
      };
    }
    case 'failed': {
      const retrying = set(without(old, 'Stalled'), 'Reconciling', 'True', 'ProgressingWithRetry', 'reconciliation in progress');
      const failed = set(retrying, outcome.condition, 'True', outcome.reason, outcome.message);
      return { ...before, ...handled, conditions: set(failed, 'Ready', 'False', outcome.reason, outcome.message) };
    }
    case 'stalled': {
      const stalled = set(without(old, 'Reconciling'), 'Stalled', 'True', outcome.reason, outcome.message);
      return { ...before, ...handled, observedGeneration, conditions: set(stalled, 'Ready', 'False', outcome.reason, outcome.message) };
    }
    default:
      return outcome satisfies never;
  }
}
