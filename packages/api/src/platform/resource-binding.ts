import { int64, object, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';
import { platformCategories, platformGroup } from './group.ts';

export const resourceBindings = customKind({
  ...platformGroup,
  kind: 'ResourceBinding',
  plural: 'resourcebindings',
  namespaced: true,
  description: 'Says which version of a Promise a request follows.',
  fields: {
    spec: object(
      'The binding.',
      {
        version: string('A version, or `latest`.'),
        promiseRef: object('The Promise.', { name: string('Name of the Promise.') }, ['name']),
        resourceRef: object('The request.', { name: string('Name.'), namespace: string('Namespace.'), generation: int64('Generation.') }, ['name', 'namespace']),
      },
      ['version', 'promiseRef', 'resourceRef'],
    ),
    status: object('What is known of the binding.', {
      lastAppliedVersion: string('The version that last succeeded.'),
      failedVersion: string('The version that failed.'),
      conditions,
    }),
  },
  categories: platformCategories,
  subresources: { status: true },
  selectableFields: ['.spec.version'],
  columns: [
    { name: 'Resource', type: 'string', description: 'The request.', jsonPath: '.spec.resourceRef.name' },
    { name: 'Promise', type: 'string', description: 'The Promise.', jsonPath: '.spec.promiseRef.name' },
    { name: 'Desired', type: 'string', description: 'The wanted version.', jsonPath: '.spec.version' },
    { name: 'Applied', type: 'string', description: 'The version that last succeeded.', jsonPath: '.status.lastAppliedVersion' },
  ],
});
export interface ResourceBinding extends ObjectIn<typeof resourceBindings> {}
