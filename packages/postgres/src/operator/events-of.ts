import { secrets, services, statefulSets } from '@plinth/api';
import type { RecordedEvent } from '@plinth/controller-runtime';
import type { Applied } from './apply.ts';
import type { Cluster } from './parse-cluster.ts';
import type { Operation } from './status.ts';

/** The events of a cluster's creation, in upstream's words. */
export function eventsOf(cluster: Cluster, applied: readonly Applied[]): readonly RecordedEvent[] {
  const created = applied.flatMap(({ step, outcome }) => (step.type === 'create' && outcome.type === 'done' ? [step] : []));
  const normal = (reason: string, message: string): RecordedEvent => ({ type: 'Normal', reason, message });
  const found: RecordedEvent[] = [];
  for (const { resource, object } of created) {
    const quotedName = `"${cluster.namespace}/${object.metadata.name}"`;
    if (resource === services) {
      const role = object.metadata.name === cluster.name ? 'master' : 'replica';
      found.push(normal('Services', `The service ${quotedName} for role ${role} has been successfully created`));
    }
    if (resource === statefulSets) found.push(normal('StatefulSet', `Statefulset ${quotedName} has been successfully created`));
  }
  if (created.some(({ resource }) => resource === secrets)) found.push(normal('Secrets', 'The secrets have been successfully created'));
  return found;
}

const reasons = { create: 'Create', update: 'Update', sync: 'Sync' } as const;

/** Reason and message of the Warning for an operation that failed. */
export const operationError = (operation: Operation, message: string): { readonly reason: string; readonly message: string } => ({
  reason: reasons[operation],
  message: `could not ${operation} cluster: ${message}`,
});
