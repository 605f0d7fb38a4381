import type { BucketStateStore, ConfigMap, Destination, PlatformPromise, PromiseRelease, PromiseRevision } from '@plinth/api';
import { type ApiResource, deepEqual, invalid, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { PLATFORM_GROUP, PLATFORM_NAMESPACE, SETTINGS_NAME } from '../naming/constants.ts';
import { INSTEAD_OF_SECRETS, secretsWithValues } from '../naming/secret-values.ts';
import { checkBucketStateStore, checkDestination, fillDestination } from './check-destination.ts';
import { checkPromise, checkPromiseAnnotations } from './check-promise.ts';
import { checkPromiseRelease } from './check-promise-release.ts';
import { checkPromiseRevision, guardLatestRevision } from './check-promise-revision.ts';
import { checkSettings } from './check-settings.ts';
import { tryPromise } from './try-promise.ts';
import { guardDryRun } from './guard-dry-run.ts';
import { guardWorkflowPods } from './guard-workflow-pods.ts';

/** The part of a write that admission looks at; the API server's admission request is one. */
export interface PlatformAdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: ApiResource;
  readonly subresource?: string;
  readonly object?: UnstructuredObject;
  readonly oldObject?: UnstructuredObject;
  readonly user?: { readonly name: string; readonly groups?: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> };
  /** Tells the one who writes, without refusing. */
  readonly warn?: (message: string) => void;
}

export interface PlatformAdmissionOptions {
  /**
   * The API server that is asked, as somebody who may read everything and write CRDs and Jobs in a dry run. Absent: what
   * only it can tell is not checked.
   */
  readonly client?: () => Client;
  /** How a PromiseRelease's Promise is fetched; for tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What the checks of a kind are given. */
export interface Checking {
  readonly client: Client | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly warn: (message: string) => void;
}

/**
 * The platform's rules on its own kinds (contract, section 8.4), as an admission hook for the API server, and what the pods
 * of workflows may write. Throws an `invalid` ApiError that lists every field that is wrong, or `forbidden`. An object on
 * its way out is not held up: somebody has to be able to let it go.
 */
export function platformAdmission(options: PlatformAdmissionOptions = {}): (request: PlatformAdmissionRequest) => Promise<UnstructuredObject | undefined> {
  return async (request) => {
    const checking: Checking = {
      // The API server may still be starting: only who asks it needs a client.
      get client() {
        return options.client?.();
      },
      fetch: options.fetch ?? globalThis.fetch,
      warn: request.warn ?? (() => {}),
    };
    await guardWorkflowPods(request, checking);
    await guardDryRun(request, checking);
    const { operation, resource, subresource, object, oldObject } = request;
    if (operation === 'DELETE') {
      if (isKind(resource, 'PromiseRevision')) guardLatestRevision(request);
      return undefined;
    }
    if (subresource || !object || !hasRules(resource, object) || object.metadata.deletionTimestamp) return undefined;
    // Labels and finalizers change all the time; what was let in with this content stays in.
    if (oldObject && isSame(oldObject, object)) return undefined;
    const problems = await check(resource, object, oldObject, checking);
    if (problems.length > 0) throw invalid(resource, object.metadata.name ?? '', problems);
    return isKind(resource, 'Destination') ? fillDestination(object as unknown as Destination) : undefined;
  };
}

/** Every write in the cluster comes by here: most are none of our business. */
const hasRules = ({ group, kind }: ApiResource, { metadata }: UnstructuredObject): boolean =>
  group === PLATFORM_GROUP ? KINDS_WITH_RULES.has(kind) : group === '' && kind === 'ConfigMap' && metadata.name === SETTINGS_NAME && metadata.namespace === PLATFORM_NAMESPACE;

const KINDS_WITH_RULES = new Set(['Promise', 'PromiseRelease', 'PromiseRevision', 'Destination', 'BucketStateStore']);

const isKind = (resource: ApiResource, kind: string): boolean => resource.group === PLATFORM_GROUP && resource.kind === kind;

async function check(resource: ApiResource, object: UnstructuredObject, old: UnstructuredObject | undefined, checking: Checking): Promise<readonly StatusCause[]> {
  switch (resource.kind) {
    case 'ConfigMap':
      return checkSettings(object as unknown as ConfigMap, checking);
    case 'Promise': {
      const promise = object as unknown as PlatformPromise;
      const before = old as unknown as PlatformPromise | undefined;
      if (before && deepEqual(before.spec, promise.spec)) return checkPromiseAnnotations(promise, before);
      const problems = checkPromise(promise, before);
      for (const name of secretsWithValues(promise.spec?.dependencies ?? [])) checking.warn(`spec.dependencies: the values of Secret ${name} will stand in the state stores of all destinations: ${INSTEAD_OF_SECRETS}`);
      return problems.length > 0 ? problems : tryPromise(promise, checking);
    }
    case 'PromiseRelease':
      return checkPromiseRelease(object as unknown as PromiseRelease, old as unknown as PromiseRelease | undefined, checking);
    case 'PromiseRevision':
      return checkPromiseRevision(object as unknown as PromiseRevision);
    case 'Destination':
      return checkDestination(object as unknown as Destination, checking);
    case 'BucketStateStore':
      return checkBucketStateStore(object as unknown as BucketStateStore);
    default:
      return [];
  }
}

const isSame = (old: UnstructuredObject, object: UnstructuredObject): boolean =>
  deepEqual(old['spec'], object['spec']) && deepEqual(old['data'], object['data']) && deepEqual(old.metadata.annotations, object.metadata.annotations);
