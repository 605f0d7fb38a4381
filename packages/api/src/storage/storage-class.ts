import { boolean, list, object, string, stringList, stringMap } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';

export const storageClasses = builtinKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
  description: 'A kind of storage, and who makes it.',
  fields: {
    provisioner: string('Who makes volumes of the class.'),
    parameters: stringMap('Settings for the provisioner.'),
    reclaimPolicy: string('Delete or Retain.', { default: 'Delete' }),
    volumeBindingMode: string('Immediate or WaitForFirstConsumer.', { default: 'Immediate' }),
    allowVolumeExpansion: boolean('Volumes may grow.'),
    mountOptions: stringList('Options of the mount.'),
    allowedTopologies: list('Where volumes may be.', object('A term.', { matchLabelExpressions: list('Labels.', object('A requirement.', { key: string('Key.'), values: stringList('Values.') }, ['key', 'values'])) })),
  },
  required: ['provisioner'],
  shortNames: ['sc'],
  columns: [
    { name: 'Provisioner', type: 'string', description: 'Who makes volumes.', jsonPath: '.provisioner' },
    { name: 'ReclaimPolicy', type: 'string', description: 'What becomes of volumes.', value: (c) => c.reclaimPolicy ?? 'Delete' },
    { name: 'VolumeBindingMode', type: 'string', description: 'When volumes are made.', value: (c) => c.volumeBindingMode ?? 'Immediate' },
    { name: 'AllowVolumeExpansion', type: 'string', description: 'Volumes may grow.', value: (c) => String(c.allowVolumeExpansion ?? false) },
    age,
  ],
});
export interface StorageClass extends ObjectIn<typeof storageClasses> {}

/** Marks the class that claims without a class get. */
export const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';
