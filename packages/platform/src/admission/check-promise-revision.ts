import type { PromiseRevision } from '@plinth/api';
import { forbidden, type StatusCause } from '@plinth/apimachinery';
import { CONTROLLER_SERVICE_ACCOUNT, PLATFORM_NAMESPACE } from '../naming/constants.ts';
import { ANNOTATIONS } from '../naming/labels.ts';
import { checkInterval } from './check-interval.ts';
import type { PlatformAdmissionRequest } from './platform-admission.ts';

export function checkPromiseRevision(revision: PromiseRevision): readonly StatusCause[] {
  const interval = revision.metadata.annotations?.[ANNOTATIONS.reconciliationInterval];
  return interval === undefined ? [] : checkInterval(interval, `metadata.annotations[${ANNOTATIONS.reconciliationInterval}]`);
}

/**
 * Requests are made by the latest revision: only the platform and the garbage collector take it away, with its Promise.
 * Kratix lets every ServiceAccount of its namespace do so; the pipelines of Promises run there too.
 *
 * Errors: Forbidden.
 */
export function guardLatestRevision({ resource, oldObject, user }: PlatformAdmissionRequest): void {
  const revision = oldObject as unknown as PromiseRevision | undefined;
  if (revision?.status?.latest !== true || (user && MAY_DELETE.has(user.name))) return;
  const promise = revision.spec?.promiseRef.name;
  throw forbidden(resource, revision.metadata.name, `it is the latest revision of the Promise ${JSON.stringify(promise)}, which its requests follow: delete the Promise, or give it another version first`);
}

const MAY_DELETE = new Set([
  `system:serviceaccount:${PLATFORM_NAMESPACE}:${CONTROLLER_SERVICE_ACCOUNT}`,
  'system:serviceaccount:kube-system:generic-garbage-collector',
  'system:kube-controller-manager',
]);
