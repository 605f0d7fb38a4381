import type { Destination, WorkPlacement } from '@plinth/api';
import { joinPath, placementDirectory } from '@plinth/state-store';
import { identityOf, layoutOf } from '../work-placement/apply.ts';

/**
 * Where a placement's files are, from the root of the repository: its folder, or each file where it has no folder of its
 * own. `root`: the state store's own path, in the repository or the bucket.
 */
export function placementPaths(placement: WorkPlacement, destination: Destination, root: string): readonly string[] {
  const layout = layoutOf(destination);
  const mode = layout.mode ?? 'nestedByMetadata';
  switch (mode) {
    case 'nestedByMetadata':
      return [joinPath(root, placementDirectory(layout, identityOf(placement)))];
    case 'aggregatedYAML':
      return [joinPath(root, layout.path, layout.filename || 'aggregated.yaml')];
    case 'none':
      return (placement.spec?.workloads ?? []).map(({ filepath }) => joinPath(root, layout.path, filepath ?? ''));
    default:
      return mode satisfies never;
  }
}
