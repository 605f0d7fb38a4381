import type { Destination, Work, WorkPlacement } from '@plinth/api';
import { deepEqual, type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import type { Request } from '@plinth/controller-runtime';
import { findCondition } from '../conditions.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { BY_DESTINATION, BY_WORK, type Informers } from '../runtime/informers.ts';
import { matches, selectorsFor } from './schedule.ts';
import { isPlacementWritten } from './status.ts';

type Seen = Pick<Informers, 'works' | 'workPlacements' | 'destinations'>;

/**
 * The Works that a changed Destination concerns: those with files there that are misplaced now or not any more, or that
 * still wait to be written, and those that it can take and that are not there. All others need not look.
 */
export function worksFor(informers: Seen, name: string): readonly Request[] {
  const destination = informers.destinations.get({ name });
  const concerned = new Map<string, Request>();
  const add = (work: Work): unknown => concerned.set(keyString(keyOf(work)), keyOf(work));
  for (const placement of informers.workPlacements.byIndex(BY_DESTINATION, name)) {
    const work = informers.works.get({ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' });
    const group = work?.spec?.workloadGroups?.find(({ id }) => id === placement.spec?.id);
    if (!work || !group) continue;
    const isMisplaced = !destination || !matches(destination, selectorsFor(work, group));
    if (isMisplaced !== isMarked(placement, LABELS.misplaced) || !isPlacementWritten(placement, work.metadata.generation ?? 1)) add(work);
  }
  if (!destination || destination.metadata.deletionTimestamp) return [...concerned.values()];
  for (const work of informers.works.list()) if (!work.metadata.deletionTimestamp && lacks(informers, work, destination)) add(work);
  return [...concerned.values()];
}

/** Whether files of the Work could go to the destination and are not there: everywhere for a Promise, at all for a request. */
function lacks({ workPlacements }: Seen, work: Work, destination: Destination): boolean {
  const groups = (work.spec?.workloadGroups ?? []).filter((group) => matches(destination, selectorsFor(work, group)));
  if (groups.length === 0) return false;
  const placements = workPlacements.byIndex(BY_WORK, keyString(keyOf(work)));
  const isEverywhere = !work.spec?.resourceName;
  return groups.some((group) => !placements.some(({ spec }) => spec?.id === group.id && (!isEverywhere || spec?.targetDestinationName === destination.metadata.name)));
}

/** What decides where files go, and what the status of a Work that waits says. */
export function destinationMatters(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const relevant = (destination: Destination): unknown => {
    const ready = findCondition(destination.status?.conditions, 'Ready');
    return [destination.metadata.labels, destination.spec?.strictMatchLabels, Boolean(destination.metadata.deletionTimestamp), ready?.status, ready?.message];
  };
  return !deepEqual(relevant(object as Destination), relevant(previous as Destination));
}

/** Our own status writes are no reason to look again. */
export function workMatters(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const relevant = ({ metadata }: KubeObject): unknown => [metadata.generation, metadata.deletionTimestamp, metadata.finalizers, metadata.labels];
  return !deepEqual(relevant(object), relevant(previous));
}

/** What the status of a Work says of its placements, and what the schedule keeps true of them. */
export function placementMatters(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const relevant = ({ metadata, status }: WorkPlacement): unknown => {
    const written = findCondition(status?.conditions, 'WriteSucceeded');
    return [metadata.generation, metadata.deletionTimestamp, metadata.labels, metadata.finalizers, written?.status, written?.message, written?.observedGeneration];
  };
  return !deepEqual(relevant(object as WorkPlacement), relevant(previous as WorkPlacement));
}
