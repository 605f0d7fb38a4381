import { list, object, quantityMap, string, stringMap, time } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { looseConditions, objectReference } from '../schema/meta.ts';
import { nodeSelector } from './pod-spec.ts';
import { accessMode, mountOptions, persistentVolumeClaimSpec, persistentVolumeSources, reclaimPolicy } from './volumes.ts';

const SHORT_MODES: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
const modes = (of: readonly string[] | undefined): string => (of ?? []).map((mode) => SHORT_MODES[mode] ?? mode).join(',');

export const persistentVolumes = builtinKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
  description: 'A piece of storage of the cluster.',
  fields: {
    spec: object('What the volume is.', {
      capacity: quantityMap('Size, as `storage`.'),
      accessModes: list('How the volume may be mounted.', accessMode),
      claimRef: objectReference,
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: string('Class of the storage.'),
      volumeMode: string('Filesystem or Block.', { default: 'Filesystem' }),
      mountOptions,
      nodeAffinity: object('From which nodes it is reached.', { required: nodeSelector }),
      volumeAttributesClassName: string('Class of attributes.'),
      ...persistentVolumeSources,
    }),
    status: object('What is known of the volume.', {
      phase: string('Pending, Available, Bound, Released or Failed.'),
      reason: string('Why, in one word.'),
      message: string('Why, for people.'),
      lastPhaseTransitionTime: time('When the phase last changed.'),
    }),
  },
  shortNames: ['pv'],
  subresources: { status: true },
  columns: [
    { name: 'Capacity', type: 'string', description: 'Size.', jsonPath: '.spec.capacity.storage' },
    { name: 'Access Modes', type: 'string', description: 'How it may be mounted.', value: (v) => modes(v.spec?.accessModes) },
    { name: 'Reclaim Policy', type: 'string', description: 'What becomes of it.', jsonPath: '.spec.persistentVolumeReclaimPolicy' },
    { name: 'Status', type: 'string', description: 'Phase.', value: (v) => (v.metadata.deletionTimestamp ? 'Terminating' : v.status?.phase) },
    { name: 'Claim', type: 'string', description: 'The claim it is bound to.', value: (v) => (v.spec?.claimRef ? `${v.spec.claimRef.namespace}/${v.spec.claimRef.name}` : '') },
    { name: 'StorageClass', type: 'string', description: 'Class.', jsonPath: '.spec.storageClassName' },
    { name: 'VolumeAttributesClass', type: 'string', description: 'Class of attributes.', value: (v) => v.spec?.volumeAttributesClassName || '<unset>' },
    { name: 'Reason', type: 'string', description: 'Why.', jsonPath: '.status.reason' },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
    { name: 'VolumeMode', type: 'string', priority: 1, description: 'Mode.', jsonPath: '.spec.volumeMode' },
  ],
});
export interface PersistentVolume extends ObjectIn<typeof persistentVolumes> {}

export const persistentVolumeClaims = builtinKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  description: 'A request for storage.',
  fields: {
    spec: persistentVolumeClaimSpec,
    status: object('What is known of the claim.', {
      phase: string('Pending, Bound or Lost.'),
      accessModes: list('How the volume may be mounted.', accessMode),
      capacity: quantityMap('Size that there is.'),
      conditions: looseConditions,
      allocatedResources: quantityMap('Size set aside while it grows.'),
      allocatedResourceStatuses: stringMap('State of the growth.'),
      currentVolumeAttributesClassName: string('Class of attributes.'),
    }),
  },
  shortNames: ['pvc'],
  subresources: { status: true },
  columns: [
    { name: 'Status', type: 'string', description: 'Phase.', value: (c) => (c.metadata.deletionTimestamp ? 'Terminating' : c.status?.phase) },
    { name: 'Volume', type: 'string', description: 'The volume.', jsonPath: '.spec.volumeName' },
    { name: 'Capacity', type: 'string', description: 'Size.', value: (c) => (c.spec?.volumeName ? c.status?.capacity?.['storage'] : '') },
    { name: 'Access Modes', type: 'string', description: 'How it may be mounted.', value: (c) => (c.spec?.volumeName ? modes(c.status?.accessModes) : '') },
    { name: 'StorageClass', type: 'string', description: 'Class.', jsonPath: '.spec.storageClassName' },
    { name: 'VolumeAttributesClass', type: 'string', description: 'Class of attributes.', value: (c) => c.spec?.volumeAttributesClassName || '<unset>' },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
    { name: 'VolumeMode', type: 'string', priority: 1, description: 'Mode.', jsonPath: '.spec.volumeMode' },
  ],
});
export interface PersistentVolumeClaim extends ObjectIn<typeof persistentVolumeClaims> {}
