import { boolean, object, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';
import { platformCategories, platformGroup } from './group.ts';
import { promiseSpec } from './promise.ts';

export const promiseRevisions = customKind({
  ...platformGroup,
  kind: 'PromiseRevision',
  plural: 'promiserevisions',
  namespaced: false,
  description: 'A version that a Promise had, kept whole.',
  fields: {
    spec: object(
      'The version.',
      { promiseRef: object('The Promise.', { name: string('Name of the Promise.') }, ['name']), promiseSpec, version: string('The version.') },
      ['promiseRef', 'promiseSpec', 'version'],
    ),
    status: object('What is known of the revision.', { latest: boolean('It is the newest.'), conditions }),
  },
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'Promise', type: 'string', description: 'The Promise.', jsonPath: '.spec.promiseRef.name' },
    { name: 'Version', type: 'string', description: 'The version.', jsonPath: '.spec.version' },
    { name: 'Latest', type: 'boolean', description: 'It is the newest.', jsonPath: '.status.latest' },
  ],
});
export interface PromiseRevision extends ObjectIn<typeof promiseRevisions> {}
