import { boolean, bytes, list, map, string, stringMap } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { localReference, objectReference } from '../schema/meta.ts';

const age = { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' } as const;
const count = (value: Readonly<Record<string, unknown>> | undefined): number => Object.keys(value ?? {}).length;

export const configMaps = builtinKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  description: 'Configuration for pods to use.',
  fields: {
    data: stringMap('Texts by key.'),
    binaryData: map('Bytes by key, base64.', bytes('Base64 of the bytes.')),
    immutable: boolean('The data can no longer be changed.'),
  },
  shortNames: ['cm'],
  columns: [
    { name: 'Data', type: 'string', description: 'Number of keys.', value: (c) => String(count(c.data) + count(c.binaryData)) },
    age,
  ],
});
export interface ConfigMap extends ObjectIn<typeof configMaps> {}

export const secrets = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  description: 'Data that not everybody may see.',
  fields: {
    type: string('What the Secret is for, which says what keys it has.', { default: 'Opaque' }),
    data: map('Bytes by key, base64.', bytes('Base64 of the bytes.')),
    stringData: stringMap('Texts by key; merged into data when written, never returned.'),
    immutable: boolean('The data can no longer be changed.'),
  },
  selectableFields: ['.type'],
  columns: [
    { name: 'Type', type: 'string', description: 'What the Secret is for.', jsonPath: '.type' },
    { name: 'Data', type: 'string', description: 'Number of keys.', value: (s) => String(count(s.data)) },
    age,
  ],
});
export interface Secret extends ObjectIn<typeof secrets> {}

export const serviceAccounts = builtinKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
  description: 'An identity for what runs in a pod.',
  fields: {
    secrets: list('Secrets that pods of the account may use.', objectReference),
    imagePullSecrets: list('Secrets for pulling images.', localReference),
    automountServiceAccountToken: boolean('Give pods of the account a token.'),
  },
  shortNames: ['sa'],
  columns: [{ name: 'Secrets', type: 'string', description: 'Number of Secrets.', value: (a) => String(a.secrets?.length ?? 0) }, age],
});
export interface ServiceAccount extends ObjectIn<typeof serviceAccounts> {}
