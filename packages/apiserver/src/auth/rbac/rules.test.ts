import { describe, expect, test } from 'vitest';

import { compact, printRule, uncovered } from './covers.ts';
import { allows, parseRule } from './rules.ts';

const user = { name: 'ann', groups: [] };
const request = (verb: string, group: string, plural: string, more: { readonly subresource?: string; readonly name?: string } = {}) => ({
  user,
  verb,
  path: '',
  resource: { group, version: 'v1', plural, ...more },
});

describe(allows, () => {
  const logs = parseRule({ verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/log'] });

  test.each([
    ['the verb, group and resource named', logs, request('get', '', 'pods'), true],
    ['a subresource that is named', logs, request('get', '', 'pods', { subresource: 'log' }), true],
    ['no subresource that is not named', logs, request('get', '', 'pods', { subresource: 'exec' }), false],
    ['no other verb', logs, request('list', '', 'pods'), false],
    ['no other group', logs, request('get', 'metrics.k8s.io', 'pods'), false],
    ['everything with stars', parseRule({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }), request('delete', 'apps', 'deployments', { subresource: 'scale' }), true],
    ['one subresource of all resources', parseRule({ verbs: ['update'], apiGroups: ['*'], resources: ['*/scale'] }), request('update', 'apps', 'deployments', { subresource: 'scale' }), true],
    ['not the resource of a subresource', parseRule({ verbs: ['update'], apiGroups: ['*'], resources: ['*/scale'] }), request('update', 'apps', 'deployments'), false],
    ['an object by its name', parseRule({ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] }), request('get', '', 'secrets', { name: 'a' }), true],
    ['no other object', parseRule({ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] }), request('get', '', 'secrets', { name: 'b' }), false],
    ['no list where names are given', parseRule({ verbs: ['list'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] }), request('list', '', 'secrets'), false],
    ['a path by its beginning', parseRule({ verbs: ['get'], nonResourceURLs: ['/apis/*'] }), { user, verb: 'get', path: '/apis/apps/v1' }, true],
    ['no path beside it', parseRule({ verbs: ['get'], nonResourceURLs: ['/apis/*'] }), { user, verb: 'get', path: '/metrics' }, false],
    ['nothing for a rule that is no rule', parseRule('*'), request('get', '', 'pods'), false],
  ])('allows %s', (_, rule, attributes, expected) => {
    expect(allows(rule, attributes)).toBe(expected);
  });
});

describe(uncovered, () => {
  const wanted = [parseRule({ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'secrets'] })];

  test('is empty when every single right is held, however it is held', () => {
    expect(uncovered([parseRule({ verbs: ['*'], apiGroups: [''], resources: ['*'] })], wanted)).toEqual([]);
    const split = ['get', 'list'].flatMap((verb) => ['pods', 'secrets'].map((resource) => parseRule({ verbs: [verb], apiGroups: [''], resources: [resource] })));
    expect(uncovered(split, wanted)).toEqual([]);
  });

  test('names what is missing, each resource once', () => {
    const missing = uncovered([parseRule({ verbs: ['*'], apiGroups: ['*'], resources: ['pods'] })], wanted);
    expect(compact(missing).map(printRule)).toEqual(['{APIGroups:[""], Resources:["secrets"], Verbs:["get", "list"]}']);
  });

  test('takes a right to one object for no right to all of them', () => {
    expect(uncovered([parseRule({ verbs: ['*'], apiGroups: [''], resources: ['*'], resourceNames: ['a'] })], wanted)).toHaveLength(4);
  });
});
