import { object, oneOf, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import { platformCategories, platformGroup } from './group.ts';

export const promiseReleases = customKind({
  ...platformGroup,
  kind: 'PromiseRelease',
  plural: 'promisereleases',
  namespaced: false,
  description: 'Installs a Promise from where it is published.',
  fields: {
    spec: object(
      'What to install.',
      {
        version: string('Version of the Promise.'),
        sourceRef: object(
          'Where the Promise is published.',
          {
            type: oneOf('How it is fetched.', ['http'], { default: 'http' }),
            url: string('Address of the Promise.'),
            secretRef: object('Secret with credentials.', { name: string('Name.'), namespace: string('Namespace.') }),
          },
          ['type'],
          { default: { type: 'http' } },
        ),
      },
      ['sourceRef'],
    ),
    status: object('What is known of the release.', { status: string('Installed or Error installing.'), conditions: atomicConditions }),
  },
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'Status', type: 'string', description: 'Installed or not.', jsonPath: '.status.status' },
    { name: 'Version', type: 'string', description: 'Version of the Promise.', jsonPath: '.spec.version' },
  ],
});
export interface PromiseRelease extends ObjectIn<typeof promiseReleases> {}
