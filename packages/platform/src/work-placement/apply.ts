import type { Destination, WorkPlacement } from '@plinth/api';
import { aggregateChange, type DestinationLayout, type EncodedWorkload, type PlacementIdentity, placementChange, placementRemoval, type StateStoreChange, type StateStoreWriter, type WriteOutcome } from '@plinth/state-store';
import { LABELS } from '../naming/labels.ts';

/** Writes a placement's files, or takes them away. Placements that are ready at once share a commit: the writer sees to it. */
export function writePlacement(
  writer: StateStoreWriter,
  action: 'write' | 'remove',
  placement: WorkPlacement,
  destination: Destination,
  neighbours: readonly WorkPlacement[],
  signal: AbortSignal,
): Promise<WriteOutcome> {
  return writer.write(changeFor(action, placement, destination, neighbours), { signal });
}

/** The layout decides the paths; a file that holds all placements of a Destination needs to know its neighbours. */
function changeFor(action: 'write' | 'remove', placement: WorkPlacement, destination: Destination, neighbours: readonly WorkPlacement[]): StateStoreChange {
  const layout = layoutOf(destination);
  if (layout.mode === 'aggregatedYAML') {
    const standing = neighbours.filter((neighbour) => !neighbour.metadata.deletionTimestamp);
    return aggregateChange(layout, placement.metadata.name, standing.map((neighbour) => ({ name: neighbour.metadata.name, workloads: workloadsOf(neighbour) })));
  }
  return action === 'write' ? placementChange(layout, identityOf(placement), workloadsOf(placement)) : placementRemoval(layout, identityOf(placement));
}

export function layoutOf(destination: Destination): DestinationLayout {
  const { path, filepath } = destination.spec ?? {};
  return { path: path ?? '', ...(filepath?.mode ? { mode: filepath.mode } : {}), ...(filepath?.filename ? { filename: filepath.filename } : {}) };
}

/** What of a placement decides where its files go. */
export function identityOf({ metadata, spec }: WorkPlacement): PlacementIdentity {
  return {
    namespace: metadata.namespace!,
    name: metadata.name,
    promiseName: spec?.promiseName ?? '',
    resourceName: directoryOf(metadata, spec?.resourceName),
    pipelineName: metadata.labels?.[LABELS.pipelineName],
    groupId: spec?.id ?? '',
  };
}

/**
 * A request whose files come from another namespace than its own has a directory of its own beside its namesakes': no
 * name contains an underscore (decision 0102).
 */
function directoryOf({ namespace, labels }: WorkPlacement['metadata'], name: string | undefined): string | undefined {
  const home = labels?.[LABELS.resourceNamespace];
  return name && home && home !== namespace ? `${home}_${name}` : name;
}

const workloadsOf = (placement: WorkPlacement): readonly EncodedWorkload[] =>
  (placement.spec?.workloads ?? []).map(({ filepath, content }) => ({ filepath: filepath ?? '', content: content ?? '' }));
