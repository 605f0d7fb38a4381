import { StateStoreError } from '@plinth/state-store';
import { setConditions } from '../conditions.ts';
import type { StateStore } from './secret.ts';
import type { StoreProblem } from './store-problem.ts';

/** The status of a state store after it was probed (contract, section 5.6). */
export function storeStatus(store: StateStore, problem: StoreProblem | undefined, now: number): NonNullable<StateStore['status']> {
  const observedGeneration = store.metadata.generation ?? 1;
  const ready = problem
    ? ({ type: 'Ready', status: 'False', reason: problem.reason, message: problem.message, observedGeneration, ...(problem.cause instanceof StateStoreError ? { cause: problem.cause.reason } : {}) } as const)
    : ({ type: 'Ready', status: 'True', reason: 'StateStoreReady', message: 'State store is ready', observedGeneration } as const);
  return { ...store.status, status: problem ? 'NotReady' : 'Ready', observedGeneration, conditions: setConditions(store.status?.conditions, [ready], now) };
}
