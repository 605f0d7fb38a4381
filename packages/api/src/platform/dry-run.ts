import { freeObject, list, object, oneOf, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import { platformCategories, platformGroup } from './group.ts';

export const dryRuns = customKind({
  ...platformGroup,
  kind: 'DryRun',
  plural: 'dryruns',
  namespaced: true,
  description: 'Shows what a request would change, without changing it.',
  fields: {
    spec: object(
      'The proposed request.',
      {
        promiseRef: object('The Promise.', { name: string('Name of the Promise.') }, ['name']),
        resourceRequestRef: object('The request.', { name: string('Name.'), namespace: string('Namespace; that of the DryRun when absent.') }, ['name']),
        resource: freeObject('The spec of the proposed request.'),
      },
      ['promiseRef', 'resourceRequestRef', 'resource'],
    ),
    status: object('What came out.', {
      conditions: atomicConditions,
      components: list(
        'The same for the parts of a compound request.',
        object('A part.', {
          promise: string('The Promise.'),
          request: string('The request.'),
          namespace: string('Namespace.'),
          dryRun: string('The DryRun of the part.'),
          phase: oneOf('State.', ['Pending', 'Succeeded', 'Failed']),
          message: string('What it says.'),
        }),
      ),
    }),
  },
  categories: platformCategories,
  subresources: { status: true },
});
export interface DryRun extends ObjectIn<typeof dryRuns> {}
