import { works, type Work } from '@plinth/api';
import { isConflict, isNotFound, type KubeObject, keyOf, keyString } from '@plinth/apimachinery';
import { type Controller, done, patchStatus, type Request, type Result, retryAfter, runController } from '@plinth/controller-runtime';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { BY_WORK } from '../runtime/informers.ts';
import { type AppliedStep, applyWork } from './apply.ts';
import { recordPlacementEvents, recordWorkEvents, type WorkRecorders } from './events.ts';
import { planWork, type WorkSnapshot, type WorkStep } from './plan.ts';
import { newsInMs, workStatus } from './status.ts';
import { countPlacements, countUnscheduled } from './outcomes.ts';
import { spanPrefix, traced } from '../telemetry/telemetry.ts';
import { destinationMatters, placementMatters, workMatters, worksFor } from './wake.ts';

/** Schedules Works: one placement for each destination that is to have files of theirs. */
export function runWorkController(context: PlatformContext): Controller {
  const { informers, client, clock, telemetry } = context;
  const recorders: WorkRecorders = { scheduler: context.recorder('Scheduler'), controller: context.recorder('WorkController') };
  /** Placements that are being written here and now: the pass that writes them looks at them afterwards. */
  const writing = new Set<string>();

  const observe = (request: Request): WorkSnapshot | undefined => {
    const work = informers.works.get(request);
    return work && { work, destinations: informers.destinations.list(), placements: informers.workPlacements.byIndex(BY_WORK, keyString(request)) };
  };
  const apply = async (work: Work, steps: readonly WorkStep[]): Promise<readonly AppliedStep[]> => {
    const keys = steps.flatMap((step) => (step.type === 'createPlacement' || step.type === 'updatePlacement' ? [keyString(keyOf(step.placement))] : []));
    for (const key of keys) writing.add(key);
    try {
      return await applyWork(client, work, steps);
    } finally {
      for (const key of keys) writing.delete(key);
    }
  };

  return runController({
    name: 'work',
    signal: context.signal,
    log: context.log,
    clock,
    concurrency: 64,
    sources: [
      { informer: informers.works, predicate: workMatters },
      {
        informer: informers.workPlacements,
        map: (placement) => [{ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' }],
        predicate: (object, previous) => !writing.has(keyString(keyOf(object))) && placementMatters(object, previous),
      },
      { informer: informers.destinations, map: (destination: KubeObject) => worksFor(informers, destination.metadata.name), predicate: destinationMatters },
    ],
    reconcile: traced(telemetry, (request) => spanOf(informers.works.get(request)), (request) =>
      lookAgain(async () => {
        const snapshot = observe(request);
        if (!snapshot) return done;
        const { work } = snapshot;
        const { steps, groups } = planWork(snapshot);
        const applied = await apply(work, steps);
        recordPlacementEvents(recorders, work, applied);
        countPlacements(telemetry, work, applied);
        const failures = applied.filter(({ error }) => error !== undefined && !isConflict(error) && !isNotFound(error));
        if (work.metadata.deletionTimestamp) {
          for (const { error } of failures) recorders.controller.record(work, { type: 'Warning', reason: 'FailedDelete', message: `failed to delete the workplacements of ${work.metadata.name}: ${(error as Error).message}` });
          return conclude(applied);
        }
        const current = observe(request);
        if (!current) return done;
        const failedGroups = failures.flatMap(({ step }) => ('placement' in step ? [step.placement.spec?.id ?? ''] : []));
        const status = workStatus(current.work, { groups, placements: current.placements, failedGroups, destination: (name) => informers.destinations.get({ name }) }, clock.now());
        const waitMs = newsInMs(current.work, status, clock.now());
        if (waitMs > 0) {
          const result = conclude(applied);
          return result.type === 'done' ? retryAfter(waitMs) : result;
        }
        if (recordWorkEvents(recorders, current.work, status)) countUnscheduled(telemetry, work, groups);
        await patchStatus(client, works, current.work, status);
        return conclude(applied);
      }),
    ),
  });
}

/**
 * A step that failed is tried again, whatever the status says already. A placement that somebody changed or removed under
 * our hands wakes nobody: its events came while we were writing it.
 */
function conclude(applied: readonly AppliedStep[]): Result {
  const errors = applied.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const failure = errors.find((error) => !isConflict(error) && !isNotFound(error));
  if (failure !== undefined) throw failure;
  return errors.length > 0 ? retryAfter(LOOK_AGAIN_MS) : done;
}

/** Somebody wrote the Work first, or it is gone. */
async function lookAgain(reconcile: () => Promise<Result>): Promise<Result> {
  try {
    return await reconcile();
  } catch (error) {
    if (isConflict(error)) return retryAfter(LOOK_AGAIN_MS);
    if (isNotFound(error)) return done;
    throw error;
  }
}

/** By then the event of what got in between is here. */
const LOOK_AGAIN_MS = 20;

const spanOf = (work: Work | undefined) => ({ name: `${spanPrefix(work?.spec?.promiseName, work?.spec?.resourceName)}/WorkReconcile`, object: work });
