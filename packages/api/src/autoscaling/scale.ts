import { int32, object, string } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';

export const scales = builtinKind({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  namespaced: true,
  description: 'The number of replicas of an object.',
  fields: {
    spec: object('What is wanted.', { replicas: int32('Number of replicas.') }),
    status: object('What there is.', { replicas: int32('Number of replicas.'), selector: string('Selector of the pods.') }, ['replicas']),
  },
  verbs: ['get', 'patch', 'update'],
  subresourceOf: { plural: '*', name: 'scale' },
});
export interface Scale extends ObjectIn<typeof scales> {}
