import type { Destination, WorkPlacement } from '@plinth/api';
import { deepEqual, type KubeObject } from '@plinth/apimachinery';
import { findCondition } from '../conditions.ts';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { subjectOfWork } from '../runtime/informers.ts';
import { conditionOf } from './words.ts';

/** The request or Promise that a placement belongs to, in the form of `subjectKey`; empty when its Work is gone. */
export function subjectOfPlacement({ informers }: Pick<PlatformContext, 'informers'>, placement: KubeObject): string {
  const work = informers.works.get({ namespace: placement.metadata.namespace!, name: placement.metadata.labels?.[LABELS.work] ?? '' });
  return work ? subjectOfWork(work) : '';
}

/** A write failed in another way than before. That it succeeded is told by the Work. */
export function troubleChanged(object: KubeObject, previous: KubeObject | undefined): boolean {
  const trouble = (placement: KubeObject | undefined): string | undefined => {
    const written = findCondition((placement as WorkPlacement | undefined)?.status?.conditions, 'WriteSucceeded');
    return written?.status === 'False' ? written.message : undefined;
  };
  const now = trouble(object);
  return now !== undefined && now !== trouble(previous);
}

/** Destinations came, went, or have other labels: a request without a place names those that there are. */
export function labelsChanged(object: KubeObject, previous: KubeObject | undefined): boolean {
  const labels = ({ metadata, spec }: Destination): unknown => [metadata.labels, spec?.strictMatchLabels, Boolean(metadata.deletionTimestamp)];
  return !previous || !deepEqual(labels(object as Destination), labels(previous as Destination));
}

/** A request or a Promise whose Works are still on their way. */
export const isNotPlaced = (object: KubeObject): boolean => {
  const works = conditionOf((object as { readonly status?: { readonly conditions?: readonly unknown[] } }).status?.conditions, 'WorksSucceeded');
  return works !== undefined && works.status !== 'True';
};
