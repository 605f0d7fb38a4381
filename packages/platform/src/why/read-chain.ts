import {
  bucketStateStores,
  destinations,
  gitStateStores,
  jobs,
  leases,
  pods,
  promiseRevisions,
  promises,
  resourceBindings,
  workPlacements,
  works,
  type Destination,
  type Job,
  type Lease,
  type PlatformPromise,
  type Pod,
  type PromiseRevision,
  type ResourceBinding,
  type Work,
  type WorkPlacement,
} from '@plinth/api';
import { type ApiResource, isForbidden, isNotFound, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import type { Client, ListOptions } from '@plinth/client';
import { PLATFORM_NAMESPACE } from '../naming/constants.ts';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../naming/labels.ts';
import { resolveRevision } from '../resource-binding/resolve-revision.ts';
import type { RequestStatus, ResourceRequest } from '../resource-request/request.ts';
import { subjectKey, subjectOfJob, subjectOfWork } from '../runtime/informers.ts';
import { actionOf, newestFirst } from '../workflow/job-state.ts';
import type { Chain, StateStore } from './chain.ts';

/** A chain with all that a person may want to see beside it. */
export interface ReadChain extends Chain {
  /** Of the configure workflow, newest first. */
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
}

/**
 * Reads the chain of a request or a Promise from the API: what carries its labels, the destinations, and the stores
 * that are named. What may not be read, or is of a kind that is not there, counts as absent.
 */
export async function readChain(client: Client, object: KubeObject, promiseName: string | undefined, now: number): Promise<ReadChain> {
  const reader = reading(client);
  const type = promiseName === undefined ? 'promise' : 'request';
  const { name, namespace } = object.metadata;
  const promise = promiseName === undefined ? (object as PlatformPromise) : await reader.find<PlatformPromise>(promises, { name: promiseName });
  const owner = promiseName ?? name;
  const subject = type === 'request' ? subjectKey(owner, namespace, name) : subjectKey(owner);
  const pipelineNamespace = promise?.spec?.workflows?.config?.pipelineNamespace || namespace;
  const where = type === 'request' && pipelineNamespace ? { namespace: pipelineNamespace } : {};
  const ofSubject = type === 'request' ? `${LABELS.promiseName}=${owner},${LABELS.resourceName}=${name}` : `${LABELS.promiseName}=${owner},!${LABELS.resourceName}`;
  const ofWorkflow = `${LABELS.managedBy}=${MANAGED_BY},${ofSubject}`;

  const [allJobs, allPods, allWorks, allDestinations, bindings] = await Promise.all([
    reader.list<Job>(jobs, { ...where, labelSelector: ofWorkflow }),
    reader.list<Pod>(pods, { ...where, labelSelector: ofWorkflow }),
    reader.list<Work>(works, { ...where, labelSelector: ofSubject }),
    reader.list<Destination>(destinations),
    type === 'request' && namespace ? reader.list<ResourceBinding>(resourceBindings, { namespace, labelSelector: ofSubject }) : [],
  ]);
  const ownJobs = newestFirst(allJobs.filter((job) => subjectOfJob(job) === subject && actionOf(job) === (object.metadata.deletionTimestamp ? 'delete' : 'configure') && !job.metadata.deletionTimestamp));
  // What is being deleted keeps an object that is being deleted itself.
  const isDeleting = Boolean(object.metadata.deletionTimestamp);
  const ownWorks = allWorks.filter((work) => subjectOfWork(work) === subject && (isDeleting || !work.metadata.deletionTimestamp));
  const binding = bindings[0];
  const missing = (promise?.status?.requiredPromises ?? []).filter(({ state }) => state !== 'Requirement installed').slice(0, MAX_REQUIRED);

  const placements = (await Promise.all(namespacesOf(ownWorks).map(([space, names]) => reader.list<WorkPlacement>(workPlacements, { namespace: space, labelSelector: `${LABELS.work} in (${names.join(',')})` })))).flat();
  const targets = allDestinations.filter(({ metadata }) => placements.some((placement) => placement.spec?.targetDestinationName === metadata.name));
  const refs = new Map(targets.map(({ spec }) => [refKey(spec?.stateStoreRef), spec?.stateStoreRef] as const));
  const [stores, targetLeases, revisions, required] = await Promise.all([
    Promise.all([...refs].map(async ([key, ref]) => [key, ref?.name ? await reader.find<StateStore>(ref.kind === 'BucketStateStore' ? bucketStateStores : gitStateStores, { name: ref.name }) : undefined] as const)),
    Promise.all(targets.map(async ({ metadata }) => [metadata.name, await reader.find<Lease>(leases, { namespace: PLATFORM_NAMESPACE, name: `destination-${metadata.name}` })] as const)),
    type === 'request' ? reader.list<PromiseRevision>(promiseRevisions, { labelSelector: `${LABELS.promiseName}=${owner}` }) : [],
    Promise.all(missing.map(({ name: other = '' }) => reader.find<PlatformPromise>(promises, { name: other }))),
  ]);
  const storeByRef = new Map(stores);
  const leaseOf = new Map(targetLeases);
  return {
    type,
    object,
    status: ((object as { readonly status?: RequestStatus }).status ?? {}) as RequestStatus,
    promise,
    findPromise: (other) => required.find((one) => one?.metadata.name === other),
    binding,
    // Where nobody made revisions there are none to miss.
    resolution: promise && revisions.length > 0 ? resolveRevision({ request: object as ResourceRequest, promise, bindings, revisions, strategy: 'floating' }) : undefined,
    job: ownJobs[0],
    pod: podOf(allPods, ownJobs[0]),
    works: ownWorks,
    placements: placements.filter(({ metadata }) => isDeleting || !metadata.deletionTimestamp),
    destinations: allDestinations,
    findStore: (ref) => storeByRef.get(refKey(ref)),
    silentSince: (destination) => silentSince(leaseOf.get(destination), now),
    jobs: ownJobs,
    pods: allPods.filter((pod) => ownJobs.some((job) => isOf(pod, job))),
  };
}

/** Since when a reporter has not renewed its Lease although it should have. `now` in ms. */
export function silentSince(lease: Lease | undefined, now: number): string | undefined {
  const { renewTime, leaseDurationSeconds = DEFAULT_LEASE_SECONDS } = lease?.spec ?? {};
  if (!renewTime || now - Date.parse(renewTime) <= leaseDurationSeconds * 1000) return undefined;
  return renewTime.replace(/\.\d+Z$/, 'Z');
}

/** What a person who may not read everything can read. */
function reading(client: Client) {
  const allowed = async <T>(read: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return otherwise;
      throw error;
    }
  };
  return {
    find: <T extends KubeObject>(resource: ApiResource, key: ObjectKey): Promise<T | undefined> => allowed<T | undefined>(() => client.find<T>(resource, key), undefined),
    list: <T extends KubeObject>(resource: ApiResource, options?: ListOptions): Promise<readonly T[]> => allowed<readonly T[]>(async () => (await client.list<T>(resource, options)).items, []),
  };
}

/** The name of every Work, by namespace. */
const namespacesOf = (all: readonly Work[]): readonly (readonly [namespace: string, names: readonly string[]])[] =>
  [...Map.groupBy(all, ({ metadata }) => metadata.namespace ?? '')].map(([namespace, found]) => [namespace, found.map(({ metadata }) => metadata.name)]);

/** A Job that replaced a pod has two for a moment. */
const podOf = (all: readonly Pod[], job: Job | undefined): Pod | undefined =>
  job && all.filter((pod) => isOf(pod, job)).toSorted((left, right) => ((left.metadata.creationTimestamp ?? '') < (right.metadata.creationTimestamp ?? '') ? 1 : -1))[0];

const isOf = (pod: Pod, job: Job): boolean => pod.metadata.namespace === job.metadata.namespace && (pod.metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'Job' && name === job.metadata.name);

const refKey = (ref: { readonly kind?: string; readonly name?: string } | undefined): string => `${ref?.kind ?? ''}/${ref?.name ?? ''}`;

/** Required Promises that are looked at; the first one is named. */
const MAX_REQUIRED = 8;
const DEFAULT_LEASE_SECONDS = 40;

/** The request or Promise that a Work, or what was made from it, belongs to. */
export function ownerOf(object: KubeObject): { readonly promiseName: string; readonly request?: ObjectKey } | undefined {
  const labels = object.metadata.labels ?? {};
  const spec = (object as { readonly spec?: { readonly promiseName?: string; readonly resourceName?: string; readonly promiseRef?: { readonly name?: string }; readonly resourceRef?: { readonly name?: string; readonly namespace?: string } } }).spec ?? {};
  const promiseName = labels[LABELS.promiseName] ?? spec.promiseName ?? spec.promiseRef?.name;
  const name = labels[LABELS.resourceName] ?? spec.resourceName ?? spec.resourceRef?.name;
  if (!promiseName) return undefined;
  const namespace = labels[LABELS.resourceNamespace] ?? object.metadata.annotations?.[ANNOTATIONS.jobResourceNamespace] ?? spec.resourceRef?.namespace ?? object.metadata.namespace;
  return name && namespace ? { promiseName, request: { namespace, name } } : { promiseName };
}
