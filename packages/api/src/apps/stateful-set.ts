import { freeObject, int32, int64, intOrString, list, object, string, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { labelSelector, looseConditions, templateMeta } from '../schema/meta.ts';
import { podTemplate } from '../core/pod-spec.ts';
import { persistentVolumeClaimSpec } from '../core/volumes.ts';
import { templateColumns } from './columns.ts';

const claimTemplate = object('The claim to make for every pod.', {
  apiVersion: string('v1'),
  kind: string('PersistentVolumeClaim'),
  metadata: templateMeta,
  spec: persistentVolumeClaimSpec,
  status: freeObject('Not used.'),
});

const statefulSetSpec = object(
  'What pods are wanted, and how they are replaced.',
  {
    replicas: int32('How many pods.', { default: 1 }),
    selector: labelSelector,
    template: podTemplate,
    serviceName: string('The headless Service that names the pods.', { default: '' }),
    volumeClaimTemplates: list('Claims that every pod gets; kept when the pod goes.', claimTemplate),
    podManagementPolicy: string('OrderedReady or Parallel.', { default: 'OrderedReady' }),
    updateStrategy: object('How pods are replaced when the template changes.', {
      type: string('RollingUpdate or OnDelete.', { default: 'RollingUpdate' }),
      rollingUpdate: object('Limits of a rolling update.', {
        partition: int32('Pods with a lower number stay as they are.', { default: 0 }),
        maxUnavailable: intOrString('Pods that may be missing.'),
      }),
    }),
    revisionHistoryLimit: int32('Old revisions to keep.', { default: 10 }),
    minReadySeconds: int32('Seconds that a pod must be ready before it counts as available.'),
    persistentVolumeClaimRetentionPolicy: object('What becomes of claims.', {
      whenDeleted: string('Retain or Delete, when the StatefulSet is deleted.', { default: 'Retain' }),
      whenScaled: string('Retain or Delete, when it gets smaller.', { default: 'Retain' }),
    }),
    ordinals: object('Numbering of the pods.', { start: int32('The first number.') }),
  },
  ['selector', 'template'],
);
export interface StatefulSetSpec extends Of<typeof statefulSetSpec> {}

const statefulSetStatus = object('What is known of the pods.', {
  observedGeneration: int64('The generation that the status is about.'),
  replicas: int32('Pods that there are.'),
  readyReplicas: int32('Pods that are ready.'),
  currentReplicas: int32('Pods of the current revision.'),
  updatedReplicas: int32('Pods of the update revision.'),
  availableReplicas: int32('Pods that are available.'),
  currentRevision: string('The revision before the update.'),
  updateRevision: string('The revision that is being rolled out.'),
  collisionCount: int32('Collisions of names of revisions.'),
  conditions: looseConditions,
});
export interface StatefulSetStatus extends Of<typeof statefulSetStatus> {}

export const statefulSets = builtinKind({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
  description: 'Keeps pods with fixed names and storage of their own running.',
  fields: { spec: statefulSetSpec, status: statefulSetStatus },
  shortNames: ['sts'],
  categories: ['all'],
  subresources: {
    status: true,
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.spec.selector' },
  },
  columns: [
    { name: 'Ready', type: 'string', description: 'Ready pods, of all wanted.', value: (s) => `${s.status?.readyReplicas ?? 0}/${s.spec?.replicas ?? 1}` },
    age,
    ...templateColumns,
  ],
});
export interface StatefulSet extends ObjectIn<typeof statefulSets> {}
