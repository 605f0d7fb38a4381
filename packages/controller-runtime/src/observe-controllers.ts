import type { Controller, ReconcileOutcome } from './types.ts';

/** Somebody who counts. Its functions are called in the middle of things: they must be quick and must not throw. */
export interface ControllersObserver {
  /** A controller that runs now, and those that start later. Ends with its `finished`. */
  readonly started?: (controller: Controller) => void;
  readonly reconciled?: (outcome: ReconcileOutcome) => void;
}

const observers = new Set<ControllersObserver>();
const running = new Set<Controller>();

/**
 * Hears of every controller of this process and of each of its reconciles, without any of them knowing; for metrics.
 * Returns the function that ends it.
 */
export function observeControllers(observer: ControllersObserver): () => void {
  observers.add(observer);
  for (const controller of running) observer.started?.(controller);
  return () => void observers.delete(observer);
}

export function announce(controller: Controller): void {
  running.add(controller);
  void controller.finished.then(() => running.delete(controller));
  for (const observer of observers) observer.started?.(controller);
}

export function announceOutcome(outcome: ReconcileOutcome): void {
  for (const observer of observers) observer.reconciled?.(outcome);
}
