/** Flux' own names, so that a cluster can go from Flux to this agent and back without losing an object. */

/** Field manager of everything that is applied. */
export const APPLY_MANAGER = 'kustomize-controller';
/** Field managers of the two kinds' status. */
export const KUSTOMIZATION_STATUS_MANAGER = 'gotk-kustomize-controller';
export const SOURCE_STATUS_MANAGER = 'gotk-source-controller';

export const FINALIZER = 'finalizers.fluxcd.io';

/** Labels that say which Kustomization an object belongs to. */
export const OWNER_NAME_LABEL = 'kustomize.toolkit.fluxcd.io/name';
export const OWNER_NAMESPACE_LABEL = 'kustomize.toolkit.fluxcd.io/namespace';

/** What people put on an object (annotation or label) to steer the agent. */
export const CONTROL_PREFIX = 'kustomize.toolkit.fluxcd.io/';

/** An annotation whose every new value asks for a run. */
export const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';

export const GITOPS_NAMESPACE = 'flux-system';
