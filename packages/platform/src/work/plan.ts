import { deepEqual } from '@plinth/apimachinery';
import type { Destination, Work, WorkPlacement } from '@plinth/api';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { isMarked, LABELS } from '../naming/labels.ts';
import { shortId } from '../naming/stable-name.ts';
import { type GroupPlacement, schedule } from './schedule.ts';

export interface WorkSnapshot {
  readonly work: Work;
  readonly destinations: readonly Destination[];
  /** The placements of this Work. */
  readonly placements: readonly WorkPlacement[];
}

export type WorkStep =
  | { readonly type: 'addFinalizer' }
  | { readonly type: 'createPlacement'; readonly placement: WorkPlacement }
  | { readonly type: 'updatePlacement'; readonly placement: WorkPlacement; readonly wasMisplaced: boolean }
  | { readonly type: 'deletePlacement'; readonly placement: WorkPlacement }
  | { readonly type: 'removeFinalizer' };

export interface WorkPlan {
  readonly steps: readonly WorkStep[];
  readonly groups: readonly GroupPlacement[];
}

/** What has to be done so that the placements are those of the Work. */
export function planWork(snapshot: WorkSnapshot): WorkPlan {
  const { work, destinations, placements } = snapshot;
  if (work.metadata.deletionTimestamp) return { steps: planDeletion(work, placements), groups: [] };

  const steps: WorkStep[] = [];
  if (!work.metadata.finalizers?.includes(FINALIZERS.work)) steps.push({ type: 'addFinalizer' });
  const groups = schedule(work, destinations, placements);
  const wanted = new Set<string>();
  const indexed = new Set(destinations.filter(({ spec }) => spec?.filepath?.mode === 'none').map(({ metadata }) => metadata.name));
  // One made by Kratix may have another name: it is found by what it is for.
  const purpose = (destination = '', groupId = ''): string => `${destination}/${groupId}`;
  const byPurpose = new Map(placements.toReversed().map((placement) => [purpose(placement.spec?.targetDestinationName, placement.spec?.id), placement]));
  for (const { group, targets } of groups) {
    for (const { destination, isMisplaced } of targets) {
      const name = placementName(work, destination, group.id ?? '');
      const isIndexed = indexed.has(destination);
      wanted.add(name);
      const existing = byPurpose.get(purpose(destination, group.id));
      if (existing) wanted.add(existing.metadata.name);
      if (!existing) steps.push({ type: 'createPlacement', placement: buildPlacement(work, group, destination, name, isIndexed) });
      else if (!existing.metadata.deletionTimestamp) {
        const updated = updatePlacement(existing, buildPlacement(work, group, destination, existing.metadata.name, isIndexed), isMisplaced);
        if (updated) steps.push({ type: 'updatePlacement', placement: updated, wasMisplaced: isMarked(existing, LABELS.misplaced) });
      }
    }
  }
  for (const placement of placements) {
    if (!wanted.has(placement.metadata.name) && !placement.metadata.deletionTimestamp) steps.push({ type: 'deletePlacement', placement });
  }
  return { steps, groups };
}

/** A Work is gone only when its files are: it waits for its placements. */
function planDeletion(work: Work, placements: readonly WorkPlacement[]): readonly WorkStep[] {
  if (placements.length === 0) return work.metadata.finalizers?.includes(FINALIZERS.work) ? [{ type: 'removeFinalizer' }] : [];
  return placements.filter((placement) => !placement.metadata.deletionTimestamp).map((placement): WorkStep => ({ type: 'deletePlacement', placement }));
}

const placementName = (work: Work, destination: string, groupId: string): string => `${work.metadata.name}.${destination}-${shortId(groupId)}`;

function buildPlacement(work: Work, group: GroupPlacement['group'], destination: string, name: string, isIndexed: boolean): WorkPlacement {
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'WorkPlacement',
    metadata: {
      name,
      namespace: work.metadata.namespace!,
      labels: {
        [LABELS.work]: work.metadata.name,
        [LABELS.workloadGroupId]: group.id ?? '',
        [LABELS.targetDestinationName]: destination,
        [LABELS.pipelineName]: work.metadata.labels?.[LABELS.pipelineName] ?? '',
        // Of a request from another namespace: its namesakes here have other directories.
        ...(work.metadata.labels?.[LABELS.resourceNamespace] ? { [LABELS.resourceNamespace]: work.metadata.labels[LABELS.resourceNamespace] } : {}),
      },
      ...annotationsFrom(work),
      finalizers: [FINALIZERS.workPlacement, ...(isIndexed ? [FINALIZERS.workPlacementIndex] : [])],
      ownerReferences: [{ apiVersion: PLATFORM_API_VERSION, kind: 'Work', name: work.metadata.name, uid: work.metadata.uid!, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      targetDestinationName: destination,
      workloads: group.workloads ?? [],
      promiseName: work.spec?.promiseName ?? '',
      resourceName: work.spec?.resourceName ?? '',
      id: group.id ?? '',
      generation: work.metadata.generation ?? 1,
    },
  };
}

/** All but what kubectl keeps for itself. */
function annotationsFrom({ metadata }: Work): { readonly annotations?: Readonly<Record<string, string>> } {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !key.startsWith('kubectl.kubernetes.io/'));
  return annotations.length > 0 ? { annotations: Object.fromEntries(annotations) } : {};
}

/** The placement as it should be, or undefined when it is. The generation moves with the Work's, so it is written again. */
function updatePlacement(existing: WorkPlacement, desired: WorkPlacement, isMisplaced: boolean): WorkPlacement | undefined {
  const { [LABELS.misplaced]: _misplaced, ...kept } = existing.metadata.labels ?? {};
  const labels = { ...kept, ...desired.metadata.labels, ...(isMisplaced ? { [LABELS.misplaced]: 'true' } : {}) };
  const finalizers = existing.metadata.finalizers?.includes(FINALIZERS.workPlacement) ? existing.metadata.finalizers : [...(existing.metadata.finalizers ?? []), FINALIZERS.workPlacement];
  const annotations = { ...existing.metadata.annotations, ...desired.metadata.annotations };
  const updated = { ...existing, metadata: { ...existing.metadata, labels, finalizers, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }, spec: desired.spec };
  return deepEqual(updated, existing) ? undefined : (updated as WorkPlacement);
}
