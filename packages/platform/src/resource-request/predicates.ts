import type { PlatformPromise, PromiseRevision, Work } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { findCondition, isTrue } from '../conditions.ts';
import { ANNOTATIONS, isMarked, LABELS } from '../naming/labels.ts';
import { hasServed } from './plan.ts';

/** A Work matters when it comes, goes, stands otherwise than before, or is another run's. That it is under way is no news. */
export function workLooksDifferent(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const look = ({ metadata, status }: Work): string => {
    const ready = findCondition(status?.conditions, 'Ready');
    const isUnderWay = ready === undefined || ready.reason === 'ScheduledToDestination';
    const isCurrent = ready?.observedGeneration === undefined || ready.observedGeneration === metadata.generation;
    const scheduled = findCondition(status?.conditions, 'ScheduleSucceeded');
    const problem = scheduled?.status === 'False' ? scheduled.message : '';
    return JSON.stringify([metadata.deletionTimestamp, metadata.annotations?.[ANNOTATIONS.writtenByJob], isUnderWay ? '' : [isCurrent, ready.status, ready.reason, ready.message], problem]);
  };
  return look(object as Work) !== look(previous as Work);
}

/** What of a binding its request looks at. Its status is the request's own work. */
export function bindingLooksDifferent(object: KubeObject, previous: KubeObject | undefined): boolean {
  const look = ({ metadata }: KubeObject): string => JSON.stringify([metadata.generation, metadata.labels, metadata.deletionTimestamp]);
  return !previous || look(object) !== look(previous);
}

/** What of a revision requests look at: which is the latest, what it says, and how often that runs. */
export function revisionMatters(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const interval = ANNOTATIONS.reconciliationInterval;
  return (
    object.metadata.generation !== previous.metadata.generation ||
    (object as PromiseRevision).status?.latest !== (previous as PromiseRevision).status?.latest ||
    object.metadata.annotations?.[interval] !== previous.metadata.annotations?.[interval] ||
    Boolean(object.metadata.deletionTimestamp) !== Boolean(previous.metadata.deletionTimestamp)
  );
}

/** What of a Promise its requests look at: its spec comes to them through its revisions. */
export function promiseMatters(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const promise = object as PlatformPromise;
  const before = previous as PlatformPromise;
  return (
    Boolean(promise.metadata.deletionTimestamp) !== Boolean(before.metadata.deletionTimestamp) ||
    isMarked(promise, LABELS.paused) !== isMarked(before, LABELS.paused) ||
    hasServed(promise) !== hasServed(before) ||
    isTrue(promise.status?.conditions, 'RequirementsFulfilled') !== isTrue(before.status?.conditions, 'RequirementsFulfilled') ||
    (holdsUp(promise) && promise.status?.message !== before.status?.message)
  );
}

/** Requests wait for it, and say why. */
const holdsUp = (promise: PlatformPromise): boolean => !hasServed(promise) || findCondition(promise.status?.conditions, 'RequirementsFulfilled')?.status === 'False';
