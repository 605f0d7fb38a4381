import { forbidden } from '@plinth/apimachinery';
import type { AdmissionHook } from '@plinth/apiserver';
import { requesterKustomization, requesterUser } from './platform-destination.ts';

/**
 * What the output of a workflow asks of other Promises is made, changed and deleted for it. A request that somebody else made
 * is not: with its name alone, a workflow could put another spec into it, and take it away when its own request goes.
 *
 * Errors: Forbidden.
 */
export const keepOthersRequests: AdmissionHook = ({ operation, resource, oldObject, user }) => {
  if (user.name !== requesterUser || operation === 'CREATE' || !oldObject) return;
  const { name, namespace, labels } = oldObject.metadata;
  if (labels?.[OWNER] === requesterKustomization) return;
  throw forbidden(resource, name, `a workflow asks for it, but somebody else made ${resource.kind} ${namespace ?? ''}/${name} before: give the two different names, delete the one that is there, or hand it over with the label ${OWNER}=${requesterKustomization}`);
};

/** Set by the agent, as by Flux, on what it applies. */
const OWNER = 'kustomize.toolkit.fluxcd.io/name';
