import { freeObject, int32, int64, intOrString, map, object, string, time } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { conditions, labelSelector } from '../schema/meta.ts';

export const podDisruptionBudgets = builtinKind({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
  description: 'How many pods of a group may be taken away at once on purpose.',
  fields: {
    spec: object('The limit.', {
      selector: labelSelector,
      minAvailable: intOrString('Pods that must stay available.'),
      maxUnavailable: intOrString('Pods that may be missing.'),
      unhealthyPodEvictionPolicy: string('IfHealthyBudget or AlwaysAllow.'),
    }),
    status: object('What is known of the pods.', {
      observedGeneration: int64('The generation that the status is about.'),
      disruptionsAllowed: int32('Pods that may be taken away now.'),
      currentHealthy: int32('Healthy pods.'),
      desiredHealthy: int32('Healthy pods needed.'),
      expectedPods: int32('Pods counted.'),
      disruptedPods: map('Pods being taken away.', time('Since when.')),
      conditions,
    }),
  },
  shortNames: ['pdb'],
  subresources: { status: true },
  columns: [
    { name: 'Min Available', type: 'string', description: 'Pods that must stay.', value: (b) => b.spec?.minAvailable ?? 'N/A' },
    { name: 'Max Unavailable', type: 'string', description: 'Pods that may be missing.', value: (b) => b.spec?.maxUnavailable ?? 'N/A' },
    { name: 'Allowed Disruptions', type: 'integer', description: 'Pods that may go now.', value: (b) => b.status?.disruptionsAllowed ?? 0 },
    age,
  ],
});
export interface PodDisruptionBudget extends ObjectIn<typeof podDisruptionBudgets> {}

export const evictions = builtinKind({
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  namespaced: true,
  description: 'Asks for the removal of a pod, within its budget.',
  fields: { deleteOptions: freeObject('Options of the deletion.') },
  verbs: ['create'],
  subresourceOf: { plural: 'pods', name: 'eviction' },
});
export interface Eviction extends ObjectIn<typeof evictions> {}
