import { object, set, field, string } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { looseConditions } from '../schema/meta.ts';

export const namespaces = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  description: 'A space for names: objects in it are unique by kind and name, and go with it.',
  fields: {
    spec: object('Settings of the namespace.', {
      finalizers: set('Who must clean up before the namespace may vanish.', field<string>({ type: 'string' })),
    }),
    status: object('What is known of the namespace.', {
      phase: string('Active or Terminating.'),
      conditions: looseConditions,
    }),
  },
  shortNames: ['ns'],
  subresources: { status: true },
  selectableFields: ['.status.phase'],
  columns: [
    { name: 'Status', type: 'string', description: 'Phase of the namespace.', jsonPath: '.status.phase' },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
  ],
});
export interface Namespace extends ObjectIn<typeof namespaces> {}
