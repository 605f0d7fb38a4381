import { boolean, object, oneOf, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import { agentReport } from './agent-report.ts';
import { platformCategories, platformGroup, readyColumn } from './group.ts';

export const destinations = customKind({
  ...platformGroup,
  kind: 'Destination',
  plural: 'destinations',
  namespaced: false,
  description: 'A place where services are made: a cluster that takes its manifests from a path of a state store.',
  fields: {
    spec: object(
      'The place.',
      {
        path: string('Path below that of the state store; `.` or `/` for its root.'),
        stateStoreRef: object(
          'The state store.',
          { kind: oneOf('Kind of the state store.', ['BucketStateStore', 'GitStateStore']), name: string('Name of the state store.') },
          ['kind', 'name'],
        ),
        strictMatchLabels: boolean('Take only work that selects labels of this destination.', { default: false }),
        filepath: object(
          'How files are laid out.',
          {
            mode: oneOf('nestedByMetadata: a folder per request; aggregatedYAML: one file; none: as the workflow wrote them.', ['nestedByMetadata', 'aggregatedYAML', 'none'], {
              'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'filepath.mode is immutable' }],
            }),
            filename: string('Name of the one file of aggregatedYAML.'),
          },
          [],
          { default: { mode: 'nestedByMetadata' } },
        ),
        cleanup: oneOf('What is removed from the state store with the destination.', ['none', 'all'], { default: 'none' }),
        initWorkloads: object('Files that show that the destination works.', { enabled: boolean('Write them.', { default: true }) }, [], { default: {} }),
      },
      ['path'],
    ),
    status: object('What is known of the destination.', { conditions: atomicConditions, agent: agentReport }),
  },
  shortNames: ['dest', 'dests'],
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'StateStoreKind', type: 'string', description: 'Kind of the state store.', jsonPath: '.spec.stateStoreRef.kind' },
    { name: 'StateStoreName', type: 'string', description: 'Name of the state store.', jsonPath: '.spec.stateStoreRef.name' },
    readyColumn,
  ],
});
export interface Destination extends ObjectIn<typeof destinations> {}
export type AgentReport = NonNullable<NonNullable<Destination['status']>['agent']>;
