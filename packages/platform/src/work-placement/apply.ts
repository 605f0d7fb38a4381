import type { Destination, WorkPlacement } from '@plinth/api';
import { type DestinationLayout, type EncodedWorkload, type PlacementIdentity, placementChange, placementRemoval, type StateStoreChange } from '@plinth/state-store';
import { LABELS } from '../naming/labels.ts';

/** What a placement's files in the store are to be. Throws a StateStoreError (`invalid`) for content that cannot be laid out. Not for `aggregatedYAML`. */
export function changeFor(action: 'write' | 'remove', placement: WorkPlacement, destination: Destination): StateStoreChange {
  const layout = layoutOf(destination);
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

export const workloadsOf = (placement: WorkPlacement): readonly EncodedWorkload[] =>
  (placement.spec?.workloads ?? []).map(({ filepath, content }) => ({ filepath: filepath ?? '', content: content ?? '' }));
