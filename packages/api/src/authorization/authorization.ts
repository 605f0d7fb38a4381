import { boolean, freeObject, list, object, string, stringList, type Of } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { extraUserInfo } from '../schema/meta.ts';

const group = 'authorization.k8s.io';
const resourceAttributes = object('A request for a resource.', {
  namespace: string('Namespace; empty for all.'),
  verb: string('get, list, create ...'),
  group: string('API group.'),
  version: string('API version.'),
  resource: string('Plural of the kind.'),
  subresource: string('Subresource.'),
  name: string('Name of the object; empty for all.'),
  fieldSelector: freeObject('Field selector of the request.'),
  labelSelector: freeObject('Label selector of the request.'),
});
export interface ResourceAttributes extends Of<typeof resourceAttributes> {}
const nonResourceAttributes = object('A request outside of the resources.', { path: string('Path.'), verb: string('Verb.') });
const status = object(
  'The answer.',
  { allowed: boolean('May be done.'), denied: boolean('Is expressly forbidden.'), reason: string('Why.'), evaluationError: string('What went wrong in finding out.') },
  ['allowed'],
);

export const subjectAccessReviews = builtinKind({
  group,
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
  description: 'Asks whether somebody may do something.',
  fields: {
    spec: object('Who and what.', {
      resourceAttributes,
      nonResourceAttributes,
      user: string('User.'),
      groups: stringList('Groups.'),
      uid: string('Id of the user.'),
      extra: extraUserInfo,
    }),
    status,
  },
  required: ['spec'],
  verbs: ['create'],
});
export interface SubjectAccessReview extends ObjectIn<typeof subjectAccessReviews> {}

export const selfSubjectAccessReviews = builtinKind({
  group,
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
  description: 'Asks whether one may do something oneself (kubectl auth can-i).',
  fields: { spec: object('What.', { resourceAttributes, nonResourceAttributes }), status },
  required: ['spec'],
  verbs: ['create'],
});
export interface SelfSubjectAccessReview extends ObjectIn<typeof selfSubjectAccessReviews> {}

export const selfSubjectRulesReviews = builtinKind({
  group,
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
  description: 'Asks for all that one may do in a namespace.',
  fields: {
    spec: object('Where.', { namespace: string('Namespace.') }),
    status: object(
      'The answer.',
      {
        resourceRules: list('What may be done to resources.', object('A rule.', { verbs: stringList('Verbs.'), apiGroups: stringList('Groups.'), resources: stringList('Resources.'), resourceNames: stringList('Names.') }, ['verbs'])),
        nonResourceRules: list('What may be done outside.', object('A rule.', { verbs: stringList('Verbs.'), nonResourceURLs: stringList('Paths.') }, ['verbs'])),
        incomplete: boolean('The list is not complete.'),
        evaluationError: string('What went wrong in finding out.'),
      },
      ['resourceRules', 'nonResourceRules', 'incomplete'],
    ),
  },
  required: ['spec'],
  verbs: ['create'],
});
export interface SelfSubjectRulesReview extends ObjectIn<typeof selfSubjectRulesReviews> {}
