import { subjectAccessReviews, works, type DryRun, type SubjectAccessReview } from '@plinth/api';
import { forbidden } from '@plinth/apimachinery';
import { PLATFORM_GROUP } from '../naming/constants.ts';
import type { Checking, PlatformAdmissionRequest } from './platform-admission.ts';

/**
 * The summary of a dry run shows what the Works of the request say that it stands for. In its own namespace that is for
 * everybody who may make DryRuns; whoever names a request of another namespace has to be allowed to read the Works there.
 *
 * Errors: Forbidden.
 */
export async function guardDryRun({ operation, resource, subresource, object, user }: PlatformAdmissionRequest, checking: Checking): Promise<void> {
  if (resource.kind !== 'DryRun' || resource.group !== PLATFORM_GROUP || operation === 'DELETE' || subresource || !object || !user || object.metadata.deletionTimestamp) return;
  const namespace = (object as unknown as DryRun).spec?.resourceRequestRef?.namespace;
  if (!namespace || namespace === object.metadata.namespace || !checking.client) return;
  const review = await checking.client.create(subjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: { name: '' },
    spec: { user: user.name, groups: [...(user.groups ?? [])], resourceAttributes: { verb: 'get', group: works.group, resource: works.plural, namespace } },
  } as SubjectAccessReview);
  if (review.status?.allowed === true) return;
  throw forbidden(resource, object.metadata.name ?? '', `its summary would show what requests of namespace ${namespace} are made of, and ${user.name} may not get works there`);
}
