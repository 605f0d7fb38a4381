import { keyOf } from '@plinth/apimachinery';
import { findCondition, type EventRecorder, type Logger } from '@plinth/controller-runtime';
import type { Source } from './source.ts';
import type { SourceOutcome } from './status.ts';

/** Says in the log and in an event that a source could not be updated, unless its status says just that already. */
export function reportFailure(source: Source, outcome: SourceOutcome, { events, log }: { readonly events: EventRecorder; readonly log: Logger }): void {
  if (outcome.type !== 'failed' && outcome.type !== 'stalled') return;
  const ready = findCondition(source.status?.conditions, 'Ready');
  if (ready?.status === 'False' && ready.message === outcome.message) return;
  log.warn({ kind: source.kind, ...keyOf(source), reason: outcome.reason, message: outcome.message }, 'failed to update a source');
  events.record(source, { type: 'Warning', reason: outcome.reason, message: outcome.message });
}
