import type { Work } from '@plinth/api';
import { isMarked, LABELS } from '../naming/labels.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AppliedStep } from './apply.ts';
import type { GroupPlacement } from './schedule.ts';

/** Counts placements that were made or changed (contract, section 8.3). */
export function countPlacements(telemetry: Telemetry, work: Work, applied: readonly AppliedStep[]): void {
  for (const { step, error } of applied) {
    if (error || (step.type !== 'createPlacement' && step.type !== 'updatePlacement')) continue;
    const destination = step.placement.spec?.targetDestinationName ?? '';
    telemetry.placementScheduled({ ...attributesOf(work), result: isMarked(step.placement, LABELS.misplaced) ? 'misplaced' : 'scheduled', destination });
  }
}

/** Counts groups for which there is no destination. */
export function countUnscheduled(telemetry: Telemetry, work: Work, groups: readonly GroupPlacement[]): void {
  for (const { targets } of groups) if (targets.length === 0) telemetry.placementScheduled({ ...attributesOf(work), result: 'unscheduled', destination: '' });
}

const attributesOf = ({ metadata, spec }: Work) => ({ promise: spec?.promiseName ?? '', resource: spec?.resourceName ?? '', namespace: metadata.namespace ?? '' });
