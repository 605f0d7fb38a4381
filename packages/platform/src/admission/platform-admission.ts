import type { BucketStateStore, Destination, PlatformPromise } from '@plinth/api';
import { type ApiResource, invalid, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import { PLATFORM_GROUP } from '../naming/constants.ts';
import { checkBucketStateStore, checkDestination } from './check-destination.ts';
import { checkPromise } from './check-promise.ts';

/** The part of a write that admission looks at; the API server's admission request is one. */
export interface PlatformAdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: ApiResource;
  readonly subresource?: string;
  readonly object?: UnstructuredObject;
  readonly oldObject?: UnstructuredObject;
}

export interface PlatformAdmissionOptions {
  /** The Destinations that exist, to find two with one path. Absent: that is not checked. */
  readonly destinations?: () => Promise<readonly Destination[]>;
}

/**
 * The platform's rules on its own kinds, as an admission hook for the API server. Throws an `invalid` ApiError that lists
 * every field that is wrong. An object on its way out is not held up: somebody has to be able to let it go.
 */
export function platformAdmission(options: PlatformAdmissionOptions = {}): (request: PlatformAdmissionRequest) => Promise<UnstructuredObject | undefined> {
  return async ({ operation, resource, subresource, object, oldObject }) => {
    if (resource.group !== PLATFORM_GROUP || subresource || operation === 'DELETE' || !object || object.metadata.deletionTimestamp) return undefined;
    // Labels and finalizers change all the time; what was let in with this spec stays in.
    const isSame = oldObject !== undefined && oldObject['spec'] === object['spec'] && oldObject.metadata.annotations === object.metadata.annotations;
    if (isSame) return undefined;
    const problems = await check(resource.kind, object, oldObject, options);
    if (problems.length > 0) throw invalid(resource, object.metadata.name ?? '', problems);
    return resource.kind === 'Destination' ? withFilename(object as unknown as Destination) : undefined;
  };
}

async function check(kind: string, object: UnstructuredObject, old: UnstructuredObject | undefined, { destinations }: PlatformAdmissionOptions): Promise<readonly StatusCause[]> {
  switch (kind) {
    case 'Promise':
      return checkPromise(object as unknown as PlatformPromise, old as unknown as PlatformPromise | undefined);
    case 'Destination':
      return checkDestination(object as unknown as Destination, (await destinations?.()) ?? []);
    case 'BucketStateStore':
      return checkBucketStateStore(object as unknown as BucketStateStore);
    default:
      return [];
  }
}

/** The one value that Kratix fills in itself. */
function withFilename(destination: Destination): UnstructuredObject | undefined {
  const filepath = destination.spec?.filepath;
  if (filepath?.mode !== 'aggregatedYAML' || filepath.filename) return undefined;
  return { ...destination, spec: { ...destination.spec, filepath: { ...filepath, filename: 'aggregated.yaml' } } } as unknown as UnstructuredObject;
}
