import { customResourceDefinitions, jobs, promiseRevisions, works, type CustomResourceDefinition, type PlatformPromise } from '@plinth/api';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import type { Informers } from '../runtime/informers.ts';
import { actionOf, jobState } from '../workflow/job-state.ts';
import { apiOf, requestResource } from './api.ts';

/**
 * The stages in which a Promise goes after its delete workflow, in order (contract, section 2.5). A stage begins when
 * nothing is left of those before it; then their finalizers go, so that the Promise shows how far it is.
 */
export const DELETION_STAGES = ['workflows', 'requests', 'revisions', 'dependants', 'dependencies', 'crd'] as const;
export type DeletionStage = (typeof DELETION_STAGES)[number];

export const STAGE_FINALIZERS: Readonly<Record<DeletionStage, string>> = {
  workflows: FINALIZERS.promise.workflows,
  requests: FINALIZERS.promise.resourceRequests,
  revisions: FINALIZERS.promise.revisions,
  dependants: FINALIZERS.promise.dependants,
  dependencies: FINALIZERS.promise.dependencies,
  crd: FINALIZERS.promise.crd,
};

export interface Owned {
  readonly resource: ApiResource;
  readonly object: KubeObject;
}

export interface DeletionSnapshot {
  /** What is there of each stage, also of those that were done: a pod on its way out may write a Work late. */
  readonly left: Readonly<Record<DeletionStage, readonly Owned[]>>;
  /** False: the requests are not followed yet, so there may be some. */
  readonly areRequestsKnown: boolean;
  /** A configure Job of a request runs. */
  readonly hasRunningRequests: boolean;
}

/** `requests`: undefined while they are not followed. */
export function observeDeletion(informers: Informers, promise: PlatformPromise, crd: CustomResourceDefinition | undefined, requests: readonly ResourceRequest[] | undefined): DeletionSnapshot {
  const labels = { [LABELS.promiseName]: promise.metadata.name };
  const api = apiOf(promise);
  const owned = (resource: ApiResource, objects: readonly KubeObject[]): readonly Owned[] => objects.map((object) => ({ resource, object }));
  const all = informers.jobs.list({ labels }).filter(({ metadata }) => !metadata.deletionTimestamp);
  const isOfRequest = (job: KubeObject): boolean => job.metadata.labels?.[LABELS.workflowType] === 'resource';
  // A kind that is not served has no requests, and one that goes takes them with it.
  const mayHaveRequests = api !== undefined && crd !== undefined && !crd.metadata.deletionTimestamp && isEstablished(crd);
  return {
    left: {
      workflows: owned(jobs, all.filter((job) => !isOfRequest(job))),
      requests: mayHaveRequests ? owned(requestResource(api), requests ?? []) : [],
      revisions: owned(promiseRevisions, informers.revisions.list({ labels })),
      dependants: [...informers.pipelineObjects.values()].flatMap((informer) => owned(informer.resource, informer.list({ labels }))),
      dependencies: owned(works, informers.works.list({ labels })),
      crd: crd ? owned(customResourceDefinitions, [crd]) : [],
    },
    areRequestsKnown: !mayHaveRequests || requests !== undefined,
    hasRunningRequests: all.some((job) => isOfRequest(job) && actionOf(job) === 'configure' && jobState(job) === 'running'),
  };
}

export const isEstablished = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false;
