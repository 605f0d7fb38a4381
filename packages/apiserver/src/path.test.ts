import { describe, expect, test } from 'vitest';
import { parsePath } from './path.ts';

const core = { type: 'resource', group: '', version: 'v1' };

describe(parsePath, () => {
  test.each([
    ['/api/v1/pods', { ...core, plural: 'pods' }],
    ['/api/v1/namespaces/a/pods/b', { ...core, plural: 'pods', namespace: 'a', name: 'b' }],
    ['/api/v1/namespaces/a/pods/b/log', { ...core, plural: 'pods', namespace: 'a', name: 'b', subresource: 'log' }],
    ['/api/v1/namespaces', { ...core, plural: 'namespaces' }],
    ['/api/v1/namespaces/a', { ...core, plural: 'namespaces', namespace: 'a', name: 'a' }],
    ['/api/v1/namespaces/a/finalize', { ...core, plural: 'namespaces', namespace: 'a', name: 'a', subresource: 'finalize' }],
    ['/api/v1/namespaces/a/status', { ...core, plural: 'namespaces', namespace: 'a', name: 'a', subresource: 'status' }],
    ['/apis/apps/v1/namespaces/a/deployments', { type: 'resource', group: 'apps', version: 'v1', plural: 'deployments', namespace: 'a' }],
    ['/apis/example.com/v1/namespaces/a/status', { type: 'resource', group: 'example.com', version: 'v1', plural: 'status', namespace: 'a' }],
    ['/apis/apps/v1', { type: 'other' }],
    ['/api', { type: 'other' }],
    ['/readyz/ping', { type: 'other' }],
    ['/', { type: 'other' }],
  ])('%s', (path, parsed) => {
    expect(parsePath(path)).toEqual(parsed);
  });
});
