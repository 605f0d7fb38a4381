import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { keepOthersRequests } from './keep-others-requests.ts';
import { requesterUser } from './platform-destination.ts';

const resource = { group: 'marketplace.kratix.io', version: 'v1alpha2', plural: 'postgresqls', kind: 'postgresql', namespaced: true } as unknown as ApiResource;
const request = (owner?: string): UnstructuredObject =>
  ({ apiVersion: 'marketplace.kratix.io/v1alpha2', kind: 'postgresql', metadata: { name: 'todo-db', namespace: 'default', ...(owner ? { labels: { 'kustomize.toolkit.fluxcd.io/name': owner } } : {}) } }) as UnstructuredObject;
const write = (operation: 'CREATE' | 'UPDATE' | 'DELETE', oldObject: UnstructuredObject | undefined, name = requesterUser): unknown =>
  keepOthersRequests({ operation, resource, ...(oldObject ? { oldObject } : {}), ...(operation === 'DELETE' ? {} : { object: request('kratix-platform-resources') }), user: { name, groups: [] }, dryRun: false, warn: () => {} });

describe('what workflows ask of other Promises', () => {
  it.each([
    ['that is new', 'CREATE', undefined],
    ['that another workflow asked for', 'UPDATE', request('kratix-platform-resources')],
    ['that goes with its file', 'DELETE', request('kratix-platform-resources')],
  ] as const)('is a request %s', (_what, operation, old) => {
    expect(write(operation, old)).toBeUndefined();
  });

  it.each([
    ['a person made', 'UPDATE', request()],
    ['a person made and the store has lost', 'DELETE', request()],
    ['the requests repository holds', 'UPDATE', request('requests')],
  ] as const)('is not a request that %s', (_what, operation, old) => {
    expect(() => write(operation, old)).toThrow('a workflow asks for it, but somebody else made postgresql default/todo-db before: give the two different names');
  });

  it('is no matter of those who write themselves', () => {
    expect(write('UPDATE', request(), 'ada')).toBeUndefined();
  });
});
