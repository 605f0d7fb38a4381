import { boolean, int64, object, string, stringList, time, type Of } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { extraUserInfo, objectReference } from '../schema/meta.ts';

const group = 'authentication.k8s.io';
const userInfo = object('Who it is.', {
  username: string('Name of the user.'),
  uid: string('Id of the user.'),
  groups: stringList('Groups of the user.'),
  extra: extraUserInfo,
});
export interface UserInfo extends Of<typeof userInfo> {}

export const tokenReviews = builtinKind({
  group,
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
  description: 'Asks who a token belongs to.',
  fields: {
    spec: object('The token.', { token: string('The token.'), audiences: stringList('Who the token should be for.') }),
    status: object('The answer.', { authenticated: boolean('The token is good.'), user: userInfo, audiences: stringList('Who it is for.'), error: string('Why it is not good.') }),
  },
  required: ['spec'],
  verbs: ['create'],
});
export interface TokenReview extends ObjectIn<typeof tokenReviews> {}

export const tokenRequests = builtinKind({
  group,
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  namespaced: true,
  description: 'Asks for a token of a ServiceAccount.',
  fields: {
    spec: object('What token.', { audiences: stringList('Who it is for.'), expirationSeconds: int64('Life time in seconds.', { default: 3600 }), boundObjectRef: objectReference }),
    status: object('The token.', { token: string('The token.'), expirationTimestamp: time('When it ends.') }, ['token', 'expirationTimestamp']),
  },
  required: ['spec'],
  verbs: ['create'],
  subresourceOf: { plural: 'serviceaccounts', name: 'token' },
});
export interface TokenRequest extends ObjectIn<typeof tokenRequests> {}

export const selfSubjectReviews = builtinKind({
  group,
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
  description: 'Asks who one is (kubectl auth whoami).',
  fields: { status: object('The answer.', { userInfo }) },
  verbs: ['create'],
});
export interface SelfSubjectReview extends ObjectIn<typeof selfSubjectReviews> {}
