import { isAlreadyExists } from '@plinth/apimachinery';
import { workPlacements, works, type Work } from '@plinth/api';
import type { Client } from '@plinth/client';
import { addFinalizers, dropFinalizers } from '@plinth/controller-runtime';
import { FINALIZERS } from '../naming/finalizers.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import type { WorkStep } from './plan.ts';

/** A step with how it ended. */
export interface AppliedStep {
  readonly step: WorkStep;
  readonly error?: unknown;
}

/** Carries out the steps, those on different objects at the same time. One that fails does not keep the others. */
export async function applyWork(client: Client, work: Work, steps: readonly WorkStep[]): Promise<readonly AppliedStep[]> {
  const outcomes = await Promise.allSettled(steps.map((step) => applyStep(client, work, step)));
  return steps.map((step, index) => {
    const outcome = outcomes[index]!;
    return outcome.status === 'rejected' ? { step, error: outcome.reason as unknown } : { step };
  });
}

async function applyStep(client: Client, work: Work, step: WorkStep): Promise<void> {
  switch (step.type) {
    case 'addFinalizer':
      await addFinalizers(client, works, work, [FINALIZERS.work]);
      return;
    case 'removeFinalizer':
      await dropFinalizers(client, works, work, [FINALIZERS.work]);
      return;
    case 'createPlacement':
      try {
        await client.create(workPlacements, step.placement);
      } catch (error) {
        // Made a moment ago; its event brings us back.
        if (!isAlreadyExists(error)) throw error;
      }
      return;
    case 'updatePlacement':
      await client.update(workPlacements, step.placement);
      return;
    case 'deletePlacement':
      await ensureDeleted(client, workPlacements, step.placement);
      return;
    default:
      step satisfies never;
  }
}
