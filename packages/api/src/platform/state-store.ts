import { boolean, int64, object, oneOf, string } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import { platformCategories, platformGroup, readyColumn } from './group.ts';

const secretRef = object('Secret with credentials.', { name: string('Name.'), namespace: string('Namespace; `default` when absent.') });
const status = object(
  'What is known of the state store.',
  { status: string('Ready or NotReady.'), observedGeneration: int64('The generation that the status is about.'), conditions: atomicConditions },
  ['status'],
);

export const gitStateStores = customKind({
  ...platformGroup,
  kind: 'GitStateStore',
  plural: 'gitstatestores',
  namespaced: false,
  description: 'A git repository that holds what destinations should run.',
  fields: {
    spec: object('The repository.', {
      url: string('Address of the repository.'),
      path: string('Folder in the repository.'),
      branch: string('Branch to write to.', { default: 'main' }),
      authMethod: oneOf('How to log in.', ['basicAuth', 'ssh', 'githubApp'], { default: 'basicAuth' }),
      secretRef,
      gitAuthor: object('Who commits.', { name: string('Name.'), email: string('E-mail address.') }, [], { default: { name: 'kratix' } }),
    }),
    status,
  },
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'URL', type: 'string', description: 'Address of the repository.', jsonPath: '.spec.url' },
    { name: 'Branch', type: 'string', description: 'Branch to write to.', jsonPath: '.spec.branch' },
    readyColumn,
  ],
});
export interface GitStateStore extends ObjectIn<typeof gitStateStores> {}

export const bucketStateStores = customKind({
  ...platformGroup,
  kind: 'BucketStateStore',
  plural: 'bucketstatestores',
  namespaced: false,
  description: 'An S3-compatible bucket that holds what destinations should run.',
  fields: {
    spec: object(
      'The bucket.',
      {
        bucketName: string('Name of the bucket.'),
        endpoint: string('Host and port of the server.'),
        path: string('Folder in the bucket.'),
        insecure: boolean('Use plain HTTP.'),
        useDualStack: boolean('Use addresses of both families (AWS).'),
        authMethod: oneOf('How to log in.', ['accessKey', 'IAM'], { default: 'accessKey' }),
        secretRef,
      },
      ['bucketName', 'endpoint'],
    ),
    status,
  },
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'Name', type: 'string', description: 'Name of the bucket.', jsonPath: '.spec.bucketName' },
    { name: 'Endpoint', type: 'string', description: 'Host and port of the server.', jsonPath: '.spec.endpoint' },
    readyColumn,
  ],
});
export interface BucketStateStore extends ObjectIn<typeof bucketStateStores> {}
