import type { ApplyFailure } from '@plinth/api';

/**
 * The object that a message of Flux' kustomize-controller is about: `Deployment/default/app dry-run failed (Invalid): ...`.
 * Undefined for messages about something else. The words are those that the controller has used since its version 0.30.
 */
export function parseFailure(message: string): ApplyFailure | undefined {
  const match = /^([A-Z][A-Za-z0-9]*)\/(?:([a-z0-9][-a-z0-9]*)\/)?(\S+?) (?:dry-run failed|apply failed|not found|namespace not specified|is invalid)/.exec(message);
  const [, kind, namespace, name] = match ?? [];
  if (kind === undefined || name === undefined) return undefined;
  return { kind, ...(namespace ? { namespace } : {}), name, message };
}
