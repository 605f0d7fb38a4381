import type { Kind } from './schema/kind.ts';
import * as acid from './acid/index.ts';
import * as apiextensions from './apiextensions/index.ts';
import * as apps from './apps/index.ts';
import * as authentication from './authentication/index.ts';
import * as authorization from './authorization/index.ts';
import * as autoscaling from './autoscaling/index.ts';
import * as batch from './batch/index.ts';
import * as coordination from './coordination/index.ts';
import * as core from './core/index.ts';
import * as discovery from './discovery/index.ts';
import * as events from './events/index.ts';
import * as flux from './flux/index.ts';
import * as networking from './networking/index.ts';
import * as platform from './platform/index.ts';
import * as policy from './policy/index.ts';
import * as rbac from './rbac/index.ts';
import * as storage from './storage/index.ts';

/** Kinds that an embedded API server has built in. */
export const builtinKinds: readonly Kind[] = [
  core.namespaces,
  core.nodes,
  core.pods,
  core.services,
  core.endpoints,
  core.secrets,
  core.configMaps,
  core.serviceAccounts,
  core.coreEvents,
  core.persistentVolumes,
  core.persistentVolumeClaims,
  apps.deployments,
  apps.replicaSets,
  apps.statefulSets,
  apps.controllerRevisions,
  batch.jobs,
  batch.cronJobs,
  rbac.roles,
  rbac.roleBindings,
  rbac.clusterRoles,
  rbac.clusterRoleBindings,
  apiextensions.customResourceDefinitions,
  coordination.leases,
  events.events,
  policy.podDisruptionBudgets,
  policy.evictions,
  autoscaling.scales,
  discovery.endpointSlices,
  networking.ingresses,
  networking.ingressClasses,
  storage.storageClasses,
  authentication.tokenReviews,
  authentication.tokenRequests,
  authentication.selfSubjectReviews,
  authorization.subjectAccessReviews,
  authorization.selfSubjectAccessReviews,
  authorization.selfSubjectRulesReviews,
];

/** Kratix' kinds. */
export const platformKinds: readonly Kind[] = [
  platform.promises,
  platform.promiseReleases,
  platform.promiseRevisions,
  platform.resourceBindings,
  platform.destinations,
  platform.gitStateStores,
  platform.bucketStateStores,
  platform.works,
  platform.workPlacements,
  platform.healthRecords,
  platform.dryRuns,
];

/** Flux' kinds. */
export const fluxKinds: readonly Kind[] = [flux.gitRepositories, flux.buckets, flux.kustomizations];

/** The Postgres operator's kinds. */
export const acidKinds: readonly Kind[] = [acid.postgresqls, acid.operatorConfigurations, acid.postgresTeams];

/** Kinds that come as a CRD (see `crdOf`). */
export const customKinds: readonly Kind[] = [...platformKinds, ...fluxKinds, ...acidKinds];
