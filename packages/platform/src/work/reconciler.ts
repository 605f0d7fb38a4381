import { works, type Destination, type Work } from '@plinth/api';
import { type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import { type Controller, done, patchStatus, type Request, runController } from '@plinth/controller-runtime';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_DESTINATION, BY_WORK } from '../runtime/informers.ts';
import { skipConflict } from '../runtime/skip-conflict.ts';
import { applyWork } from './apply.ts';
import { recordWorkEvents } from './events.ts';
import { planWork, type WorkSnapshot } from './plan.ts';
import { workStatus } from './status.ts';

/** Schedules Works: one placement for each destination that is to have files of theirs. */
export function runWorkController(context: PlatformContext): Controller {
  const { informers, client, clock } = context;
  const recorder = context.recorder('Scheduler');

  const observe = (request: Request): WorkSnapshot | undefined => {
    const work = informers.works.get(request);
    return work && { work, destinations: informers.destinations.list(), placements: informers.workPlacements.byIndex(BY_WORK, keyString(request)) };
  };
  return runController({
    name: 'work',
    signal: context.signal,
    log: context.log,
    clock,
    concurrency: 64,
    sources: [
      { informer: informers.works },
      { informer: informers.workPlacements, map: (placement) => [{ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' }] },
      { informer: informers.destinations, map: (destination) => worksFor(context, destination as Destination), predicate: isRelevant },
    ],
    reconcile: (request) =>
      skipConflict(async () => {
        const snapshot = observe(request);
        if (!snapshot) return done;
        const { work } = snapshot;
        const { steps, groups } = planWork(snapshot);
        await applyWork(client, work, steps);
        if (work.metadata.deletionTimestamp) return done;
        const current = observe(request);
        if (!current) return done;
        const status = workStatus(current.work, groups, current.placements, clock.now());
        recordWorkEvents(recorder, work, status);
        await patchStatus(client, works, current.work, status);
        return done;
      }),
  });
}

/**
 * The Works that a changed Destination concerns: those with files there, and those that wait for one or go everywhere.
 * Works that stand elsewhere stay there and need not look.
 */
function worksFor({ informers }: PlatformContext, destination: Destination): readonly Request[] {
  const concerned = new Map<string, Request>();
  const add = (object: KubeObject | undefined): void => {
    if (object) concerned.set(keyString(keyOf(object)), keyOf(object));
  };
  for (const placement of informers.workPlacements.byIndex(BY_DESTINATION, destination.metadata.name)) {
    add(informers.works.get({ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' }));
  }
  for (const work of informers.works.list()) if (!work.spec?.resourceName || isWaiting(work)) add(work);
  return [...concerned.values()];
}

const isWaiting = (work: Work): boolean => (work.status?.workPlacementsCreated ?? 0) < (work.spec?.workloadGroups?.length ?? 0);

/** Only labels, strictness and deletion decide where files go. */
function isRelevant(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (!previous) return true;
  const scheduling = (destination: Destination): string =>
    JSON.stringify([destination.metadata.labels, destination.spec?.strictMatchLabels, Boolean(destination.metadata.deletionTimestamp)]);
  return scheduling(object as Destination) !== scheduling(previous as Destination);
}

