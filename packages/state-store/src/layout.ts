import { StateStoreError } from './errors.ts';
import { shortId } from './short-id.ts';
import { checkPath, joinPath } from './path.ts';
import { canaries } from './canary.ts';
import { decodeWorkload } from './workload.ts';
import type { DecodeLimits, EncodedWorkload } from './workload.ts';
import type { StateStoreAction, StateStoreChange, StateStoreFile } from './writer.ts';

/** Where a Destination's files lie, from its spec. The store's own `path` is the writer's business, not the layout's. */
export interface DestinationLayout {
  /** `spec.path`; `.`, `/` and `` mean the store's root. */
  readonly path: string;
  /** `spec.filepath.mode`, `nestedByMetadata` when absent. */
  readonly mode?: 'nestedByMetadata' | 'aggregatedYAML' | 'none';
  /** `spec.filepath.filename`, `aggregated.yaml` when absent; for `aggregatedYAML` alone. */
  readonly filename?: string;
}

/** What of a WorkPlacement decides where its files go. */
export interface PlacementIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly promiseName: string;
  /** Absent or empty for what belongs to the Promise itself. */
  readonly resourceName?: string | undefined;
  /** Label `kratix.io/pipeline-name`; absent or empty for static dependencies. */
  readonly pipelineName?: string | undefined;
  /** `spec.id`: the workload group's id. */
  readonly groupId: string;
}

/**
 * The change that puts one placement's workloads where the Destination's mode wants them (`nestedByMetadata`, `none`).
 * Throws a StateStoreError (`invalid`) for workloads that cannot be decoded or paths that escape.
 * For `aggregatedYAML` use {@link aggregateChange}, which needs every placement of the Destination.
 */
export function placementChange(destination: DestinationLayout, placement: PlacementIdentity, workloads: readonly EncodedWorkload[], limits?: DecodeLimits): StateStoreChange {
  const decoded = workloads.map((workload) => ({ path: checkPath(workload.filepath), content: decodeWorkload(workload, limits) }));
  return { name: placement.name, action: placementAction(destination, placement, decoded) };
}

/** The change that takes one placement's files away again. */
export function placementRemoval(destination: DestinationLayout, placement: PlacementIdentity): StateStoreChange {
  return { name: placement.name, action: placementAction(destination, placement, []) };
}

/** The directory that `nestedByMetadata` gives to a placement alone. */
export function placementDirectory(destination: DestinationLayout, placement: PlacementIdentity): string {
  const owner = placement.resourceName
    ? ['resources', placement.namespace, placement.promiseName, placement.resourceName]
    : ['dependencies', placement.promiseName];
  return joinPath(destination.path, ...owner, ...(placement.pipelineName ? [placement.pipelineName] : []), shortId(placement.groupId));
}

/** A placement as a part of an aggregated file. */
export interface AggregatePart {
  /** Names it among the others, for {@link Aggregate.refused}. */
  readonly id: string;
  readonly name: string;
  readonly workloads: readonly EncodedWorkload[];
}

export interface Aggregate {
  readonly change: StateStoreChange;
  /** Why parts are not in it, by id: their workloads cannot be decoded. */
  readonly refused: ReadonlyMap<string, StateStoreError>;
}

/**
 * The one file of an `aggregatedYAML` Destination: the workloads of all its placements that are not being deleted, by
 * placement name, `---` between documents. No workload at all: the file goes. `name` is the placement that caused it.
 */
export function aggregateChange(destination: DestinationLayout, name: string, placements: readonly AggregatePart[], limits?: DecodeLimits): Aggregate {
  const path = joinPath(destination.path, destination.filename || 'aggregated.yaml');
  const refused = new Map<string, StateStoreError>();
  const textsOf = ({ id, workloads }: AggregatePart): readonly string[] => {
    try {
      return workloads.map((workload) => new TextDecoder().decode(decodeWorkload(workload, limits)));
    } catch (error) {
      if (!(error instanceof StateStoreError)) throw error;
      refused.set(id, error);
      return [];
    }
  };
  const texts = placements.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)).flatMap(textsOf);
  if (texts.length === 0) return { change: { name, action: { type: 'files', put: [], delete: [path] } }, refused };
  const joined = texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('---\n');
  return { change: { name, action: { type: 'files', put: [{ path, content: new TextEncoder().encode(joined) }], delete: [] } }, refused };
}

/** Writes (or, with `enabled: false`, removes) the two files that show that a Destination is reachable. */
export function canaryChange(destination: DestinationLayout, enabled = true): StateStoreChange {
  const [namespace, configMap] = canaries;
  const nested = (destination.mode ?? 'nestedByMetadata') === 'nestedByMetadata';
  const put: readonly StateStoreFile[] = [
    { path: joinPath(destination.path, ...(nested ? ['dependencies'] : []), namespace.filename), content: namespace.content },
    { path: joinPath(destination.path, ...(nested ? ['resources'] : []), configMap.filename), content: configMap.content },
  ];
  return { name: 'kratix-canary', action: enabled ? { type: 'files', put, delete: [] } : { type: 'files', put: [], delete: put.map((file) => file.path) } };
}

function placementAction(destination: DestinationLayout, placement: PlacementIdentity, files: readonly StateStoreFile[]): StateStoreAction {
  const mode = destination.mode ?? 'nestedByMetadata';
  switch (mode) {
    case 'nestedByMetadata': {
      const directory = placementDirectory(destination, placement);
      return { type: 'directory', directory, files: files.map((file) => ({ ...file, path: joinPath(directory, file.path) })) };
    }
    case 'none': {
      const inside = files.find((file) => file.path.startsWith('.kratix/'));
      if (inside) throw new StateStoreError('invalid', `path ${JSON.stringify(inside.path)} lies in .kratix, which belongs to the platform`);
      return {
        type: 'indexed',
        index: joinPath(destination.path, '.kratix', `${placement.namespace}-${placement.name}.yaml`),
        files: files.map((file) => ({ ...file, path: joinPath(destination.path, file.path) })),
      };
    }
    case 'aggregatedYAML':
      throw new TypeError('aggregatedYAML is written for all placements of a Destination at once: use aggregateChange');
    default:
      return mode satisfies never;
  }
}

