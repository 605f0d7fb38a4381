import type { Destination } from '@plinth/api';
import { setConditions } from '../conditions.ts';

export type DestinationOutcome =
  | { readonly type: 'ready'; readonly withCanaries: boolean }
  | { readonly type: 'notReady'; readonly reason: 'StateStoreNotReady' | 'StateStoreNotFound' | 'StateStoreWriteFailed' | 'DestinationFinalizerUpdateFailed'; readonly message: string };

export function destinationStatus(destination: Destination, outcome: DestinationOutcome, now: number): NonNullable<Destination['status']> {
  const observedGeneration = destination.metadata.generation ?? 1;
  const [status, reason, message] =
    outcome.type === 'notReady'
      ? (['False', outcome.reason, outcome.message] as const)
      : outcome.withCanaries
        ? (['True', 'TestDocumentsWritten', 'Test documents written to State Store'] as const)
        : (['True', 'DestinationReady', 'Destination is ready'] as const);
  return { ...destination.status, conditions: setConditions(destination.status?.conditions, [{ type: 'Ready', status, reason, message, observedGeneration }], now) };
}
