import {
  bucketStateStores,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  customResourceDefinitions,
  destinations,
  gitStateStores,
  healthRecords,
  jobs,
  leases,
  pods,
  promiseRevisions,
  promises,
  resourceBindings,
  roleBindings,
  roles,
  serviceAccounts,
  workPlacements,
  works,
  type ConfigMap,
  type BucketStateStore,
  type CustomResourceDefinition,
  type Destination,
  type GitStateStore,
  type HealthRecord,
  type Job,
  type Lease,
  type Pod,
  type PlatformPromise,
  type PromiseRevision,
  type ResourceBinding,
  type Work,
  type WorkPlacement,
} from '@plinth/api';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { Cache, Informer } from '@plinth/controller-runtime';
import { type LastPods, rememberLastPods } from './last-pods.ts';
import { PLATFORM_NAMESPACE, SETTINGS_NAME } from '../naming/constants.ts';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../naming/labels.ts';
import { pipelineKeyOf } from '../naming/pipeline-key.ts';

/** The informers that all controllers of the platform share, with their indexes. */
export interface Informers {
  readonly promises: Informer<PlatformPromise>;
  /** By the name of their Promise. */
  readonly revisions: Informer<PromiseRevision>;
  /** By {@link subjectKey} and by {@link versionKey}. */
  readonly bindings: Informer<ResourceBinding>;
  /** Those of Promises. */
  readonly crds: Informer<CustomResourceDefinition>;
  /** Those of workflows; by {@link subjectKey}. */
  readonly jobs: Informer<Job>;
  /** Those of workflows; by the name of their Job, `namespace/name`. */
  readonly pods: Informer<Pod>;
  readonly lastPods: LastPods;
  /** By {@link subjectKey}. */
  readonly works: Informer<Work>;
  /** By the name of their Work, `namespace/name`, and by their Destination. */
  readonly workPlacements: Informer<WorkPlacement>;
  readonly destinations: Informer<Destination>;
  readonly gitStateStores: Informer<GitStateStore>;
  readonly bucketStateStores: Informer<BucketStateStore>;
  /** By {@link subjectKey}. */
  readonly healthRecords: Informer<HealthRecord>;
  /** The kinds of which a pipeline needs objects, of these those that a Promise made; by their pipeline (`pipelineKeyOf`). */
  readonly pipelineObjects: ReadonlyMap<string, Informer<KubeObject>>;
  /** Those of the platform's namespace: destinations' reporters keep them. */
  readonly leases: Informer<Lease>;
  /** The ConfigMap `kratix`, if there is one. A change of it is a change of `PlatformContext.config`. */
  readonly settings: Informer<ConfigMap>;
}

export const BY_SUBJECT = 'subject';
export const BY_PROMISE = 'promise';
export const BY_VERSION = 'version';
export const BY_PIPELINE = 'pipeline';
export const BY_JOB = 'job';
export const BY_WORK = 'work';
export const BY_DESTINATION = 'destination';
/** Placements whose record in a store of mode `none` has the same name ({@link recordKey}). */
export const BY_RECORD = 'record';

/** Names a Promise (no request name) or a request across kinds. */
export const subjectKey = (promiseName: string, namespace = '', name = ''): string => `${promiseName}/${namespace}/${name}`;

/** Names the file that says which files are a placement's. Not of one placement alone: `team` and `a-x` make the same as `team-a` and `x`. */
export const recordKey = ({ metadata, spec }: WorkPlacement): string => `${spec?.targetDestinationName ?? ''}/${metadata.namespace}-${metadata.name}`;

/** Names a version of a Promise. */
export const versionKey = (promiseName: string, version: string): string => `${promiseName}/${version}`;

export function createInformers(cache: Cache): Informers {
  const workflow = { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
  const ofPromise = { labelSelector: LABELS.promiseName };
  const workflowJobs = cache.informer<Job>(jobs, workflow);
  const workflowPods = cache.informer<Pod>(pods, workflow);
  const informers: Informers = {
    promises: cache.informer<PlatformPromise>(promises),
    revisions: cache.informer<PromiseRevision>(promiseRevisions),
    bindings: cache.informer<ResourceBinding>(resourceBindings, ofPromise),
    crds: cache.informer<CustomResourceDefinition>(customResourceDefinitions, ofPromise),
    jobs: workflowJobs,
    pods: workflowPods,
    lastPods: rememberLastPods(workflowPods, workflowJobs),
    works: cache.informer<Work>(works),
    workPlacements: cache.informer<WorkPlacement>(workPlacements),
    destinations: cache.informer<Destination>(destinations),
    gitStateStores: cache.informer<GitStateStore>(gitStateStores),
    bucketStateStores: cache.informer<BucketStateStore>(bucketStateStores),
    healthRecords: cache.informer<HealthRecord>(healthRecords),
    pipelineObjects: new Map(PIPELINE_OBJECT_KINDS.map((resource) => [resource.kind, cache.informer<KubeObject>(resource, ofPromise)])),
    leases: cache.informer<Lease>(leases, { namespace: PLATFORM_NAMESPACE }),
    settings: cache.informer<ConfigMap>(configMaps, { namespace: PLATFORM_NAMESPACE, fieldSelector: `metadata.name=${SETTINGS_NAME}` }),
  };
  informers.revisions.addIndex(BY_PROMISE, ({ spec }) => [spec?.promiseRef?.name ?? '']);
  informers.bindings.addIndex(BY_VERSION, ({ spec }) => [versionKey(spec?.promiseRef?.name ?? '', spec?.version ?? '')]);
  informers.bindings.addIndex(BY_SUBJECT, (binding) => [subjectOfBinding(binding)]);
  for (const informer of informers.pipelineObjects.values()) informer.addIndex(BY_PIPELINE, (object) => [pipelineKeyOf(object)]);
  informers.jobs.addIndex(BY_SUBJECT, (job) => [subjectOfJob(job)]);
  informers.pods.addIndex(BY_JOB, (pod) => (pod.metadata.ownerReferences ?? []).filter((owner) => owner.kind === 'Job').map((owner) => `${pod.metadata.namespace}/${owner.name}`));
  informers.works.addIndex(BY_SUBJECT, (work) => [subjectOfWork(work)]);
  informers.workPlacements.addIndex(BY_WORK, (placement) => [`${placement.metadata.namespace}/${placement.metadata.labels?.[LABELS.work] ?? ''}`]);
  informers.workPlacements.addIndex(BY_DESTINATION, (placement) => [placement.spec?.targetDestinationName ?? '']);
  informers.workPlacements.addIndex(BY_RECORD, (placement) => [recordKey(placement)]);
  informers.healthRecords.addIndex(BY_SUBJECT, (record) => [subjectOfHealthRecord(record)]);
  return informers;
}

/** The Promise or request that a Job runs for. */
export function subjectOfJob(job: KubeObject): string {
  const promiseName = job.metadata.labels?.[LABELS.promiseName] ?? '';
  if (job.metadata.labels?.[LABELS.workflowType] !== 'resource') return subjectKey(promiseName);
  const annotations = job.metadata.annotations ?? {};
  return subjectKey(promiseName, annotations[ANNOTATIONS.jobResourceNamespace] ?? job.metadata.namespace, annotations[ANNOTATIONS.jobResourceName]);
}

export function subjectOfWork(work: KubeObject): string {
  const labels = work.metadata.labels ?? {};
  const name = labels[LABELS.resourceName];
  return name ? subjectKey(labels[LABELS.promiseName] ?? '', labels[LABELS.resourceNamespace] ?? work.metadata.namespace, name) : subjectKey(labels[LABELS.promiseName] ?? '');
}

/** Found by its labels, as Kratix finds it. */
export function subjectOfBinding({ metadata: { namespace, labels } }: KubeObject): string {
  return subjectKey(labels?.[LABELS.promiseName] ?? '', namespace, labels?.[LABELS.resourceName]);
}

export function subjectOfHealthRecord(record: HealthRecord): string {
  const { promiseRef, resourceRef } = record.data ?? {};
  return subjectKey(promiseRef?.name ?? '', resourceRef?.namespace, resourceRef?.name);
}

/** Kinds of the objects in `workflow/pipeline-objects.ts`. */
export const PIPELINE_OBJECT_KINDS: readonly ApiResource[] = [serviceAccounts, configMaps, roles, roleBindings, clusterRoles, clusterRoleBindings];
