import { keyOf } from '@plinth/apimachinery';
import type { Kustomization } from '@plinth/api';
import { findCondition, type EventRecorder, type Logger } from '@plinth/controller-runtime';
import { printDuration } from '../duration.ts';
import type { RunOutcome } from './status.ts';

/** Events say what happened; a run in which nothing did says nothing (Flux writes an event at every interval). */
export function reportRun(kustomization: Kustomization, outcome: RunOutcome, run: { readonly changes: readonly string[]; readonly finished: string; readonly events: EventRecorder; readonly log: Logger }): void {
  const { changes, finished, events, log } = run;
  const before = findCondition(kustomization.status?.conditions, 'Ready');
  if (changes.length > 0) events.record(kustomization, { type: 'Normal', reason: 'Progressing', message: changes.join('\n') });
  switch (outcome.type) {
    case 'applied': {
      const isNews = changes.length > 0 || before?.status !== 'True' || kustomization.status?.lastAppliedRevision !== outcome.revision;
      if (!isNews) return;
      if (outcome.healthyAfterMs !== undefined) events.record(kustomization, { type: 'Normal', reason: 'Progressing', message: `Health check passed in ${printDuration(outcome.healthyAfterMs)}` });
      events.record(kustomization, { type: 'Normal', reason: 'ReconciliationSucceeded', message: finished });
      return;
    }
    case 'failed':
    case 'stalled': {
      if (before?.status === 'False' && before.reason === outcome.reason && before.message === outcome.message) return;
      if (outcome.reason === 'DependencyNotReady') {
        events.record(kustomization, { type: 'Normal', reason: outcome.reason, message: 'Dependencies do not meet ready condition, retrying in 30s' });
        return;
      }
      log.warn({ kind: 'Kustomization', ...keyOf(kustomization), reason: outcome.reason, message: outcome.message }, 'a kustomization is not as it should be');
      events.record(kustomization, { type: 'Warning', reason: outcome.reason, message: outcome.message });
      return;
    }
    case 'progressing':
      return;
    default:
      outcome satisfies never;
  }
}
