import { boolean, int32, int64, intOrString, object, string, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { labelSelector, looseConditions } from '../schema/meta.ts';
import { podTemplate } from '../core/pod-spec.ts';
import { selectorColumn, templateColumns } from './columns.ts';

const deploymentSpec = object(
  'What pods are wanted, and how they are replaced.',
  {
    replicas: int32('How many pods.', { default: 1 }),
    selector: labelSelector,
    template: podTemplate,
    strategy: object(
      'How old pods are replaced by new ones.',
      {
        type: string('RollingUpdate or Recreate.', { default: 'RollingUpdate' }),
        rollingUpdate: object('Limits of a rolling update.', {
          maxSurge: intOrString('Pods above the wanted number.', { default: '25%' }),
          maxUnavailable: intOrString('Pods that may be missing.', { default: '25%' }),
        }),
      },
      [],
      { 'x-kubernetes-patch-strategy': 'retainKeys' },
    ),
    minReadySeconds: int32('Seconds that a pod must be ready before it counts as available.'),
    revisionHistoryLimit: int32('Old ReplicaSets to keep.', { default: 10 }),
    progressDeadlineSeconds: int32('Seconds without progress that count as failed.', { default: 600 }),
    paused: boolean('Make no changes for now.'),
  },
  ['selector', 'template'],
);
export interface DeploymentSpec extends Of<typeof deploymentSpec> {}

const deploymentStatus = object('What is known of the pods.', {
  observedGeneration: int64('The generation that the status is about.'),
  replicas: int32('Pods that there are.'),
  updatedReplicas: int32('Pods of the newest template.'),
  readyReplicas: int32('Pods that are ready.'),
  availableReplicas: int32('Pods that are available.'),
  unavailableReplicas: int32('Pods that are missing.'),
  terminatingReplicas: int32('Pods that are on their way out.'),
  collisionCount: int32('Collisions of names of ReplicaSets.'),
  conditions: looseConditions,
});
export interface DeploymentStatus extends Of<typeof deploymentStatus> {}

export const deployments = builtinKind({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  description: 'Keeps pods of one template running and replaces them when the template changes.',
  fields: { spec: deploymentSpec, status: deploymentStatus },
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: {
    status: true,
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.spec.selector' },
  },
  columns: [
    { name: 'Ready', type: 'string', description: 'Ready pods, of all wanted.', value: (d) => `${d.status?.readyReplicas ?? 0}/${d.spec?.replicas ?? 1}` },
    { name: 'Up-to-date', type: 'string', description: 'Pods of the newest template.', value: (d) => String(d.status?.updatedReplicas ?? 0) },
    { name: 'Available', type: 'string', description: 'Pods that are available.', value: (d) => String(d.status?.availableReplicas ?? 0) },
    age,
    ...templateColumns,
    selectorColumn,
  ],
});
export interface Deployment extends ObjectIn<typeof deployments> {}

const replicaSetSpec = object(
  'What pods are wanted.',
  {
    replicas: int32('How many pods.', { default: 1 }),
    selector: labelSelector,
    template: podTemplate,
    minReadySeconds: int32('Seconds that a pod must be ready before it counts as available.'),
  },
  ['selector'],
);

export const replicaSets = builtinKind({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
  description: 'Keeps a number of equal pods running.',
  fields: {
    spec: replicaSetSpec,
    status: object('What is known of the pods.', {
      observedGeneration: int64('The generation that the status is about.'),
      replicas: int32('Pods that there are.'),
      fullyLabeledReplicas: int32('Pods with all labels of the template.'),
      readyReplicas: int32('Pods that are ready.'),
      availableReplicas: int32('Pods that are available.'),
      terminatingReplicas: int32('Pods that are on their way out.'),
      conditions: looseConditions,
    }),
  },
  shortNames: ['rs'],
  categories: ['all'],
  subresources: {
    status: true,
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.spec.selector' },
  },
  selectableFields: ['.status.replicas'],
  columns: [
    { name: 'Desired', type: 'integer', description: 'Pods wanted.', value: (r) => r.spec?.replicas ?? 1 },
    { name: 'Current', type: 'integer', description: 'Pods that there are.', value: (r) => r.status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', description: 'Pods that are ready.', value: (r) => r.status?.readyReplicas ?? 0 },
    age,
    ...templateColumns,
    selectorColumn,
  ],
});
export interface ReplicaSet extends ObjectIn<typeof replicaSets> {}
