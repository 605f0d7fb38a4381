import type { PlatformPromise, PromiseRevision, ResourceBinding } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { ResourceRequest } from '../resource-request/request.ts';
import { type BindingSnapshot, resolveRevision } from './resolve-revision.ts';

const promise = (version?: string): PlatformPromise => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Promise', metadata: { name: 'bucket', ...(version ? { labels: { 'kratix.io/promise-version': version } } : {}) } });
const revision = (version: string, latest?: boolean): PromiseRevision =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'PromiseRevision', metadata: { name: `bucket-${version}` }, spec: { promiseRef: { name: 'bucket' }, promiseSpec: {}, version }, status: latest === undefined ? {} : { latest } }) as PromiseRevision;
const binding = (version: string, name = 'one-bucket', status = {}): ResourceBinding =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'ResourceBinding', metadata: { name, namespace: 'default' }, spec: { version, promiseRef: { name: 'bucket' }, resourceRef: { name: 'one', namespace: 'default' } }, status }) as ResourceBinding;
const request = (status = {}, metadata = {}): ResourceRequest => ({ apiVersion: 'example.com/v1', kind: 'bucket', metadata: { name: 'one', namespace: 'default', ...metadata }, status }) as ResourceRequest;
const resolve = (change: Partial<BindingSnapshot>): unknown => {
  const found = resolveRevision({ request: request(), promise: promise('v2'), bindings: [], revisions: [revision('v1', false), revision('v2', true)], strategy: 'floating', ...change });
  return found.type === 'unresolved' ? found.problem : [found.wanted, found.version, found.revision?.metadata.name];
};

describe(resolveRevision, () => {
  it('follows the latest, or stays where it was born, as the platform is set', () => {
    expect(resolve({})).toEqual(['latest', 'v2', 'bucket-v2']);
    expect(resolve({ strategy: 'pinned' })).toEqual(['v2', 'v2', 'bucket-v2']);
    expect(resolve({ strategy: 'pinned', request: request({ resourceBindingVersion: 'v1' }) })).toEqual(['v1', 'v1', 'bucket-v1']);
  });

  it('always knows one latest, also while one takes over from another', () => {
    expect(resolve({ revisions: [revision('v1', true), revision('v2', true)] })).toEqual(['latest', 'v2', 'bucket-v2']);
    expect(resolve({ revisions: [revision('v1', true), revision('v2')] })).toEqual(['latest', 'v1', 'bucket-v1']);
    expect(resolve({ revisions: [revision('v2')] })).toEqual(['latest', 'v2', 'bucket-v2']);
    expect(resolve({ promise: promise(), revisions: [revision('not-set')] })).toEqual(['latest', 'not-set', 'bucket-not-set']);
  });

  it('says what is asked for and what there is when they do not meet', () => {
    expect(resolve({ bindings: [binding('v9')] })).toBe('ResourceBinding one-bucket asks for version v9 of Promise bucket, but there is v1, v2: set its spec.version to latest or to one that is there');
    expect(resolve({ bindings: [binding('v1', 'a'), binding('v2', 'b')] })).toBe('2 ResourceBindings are labelled for one of Promise bucket in namespace default (a, b), there must be one: delete the others');
    expect(resolve({ bindings: [binding('v1')], revisions: [revision('v1'), { ...revision('v1'), metadata: { name: 'by-hand' } }] })).toContain('2 PromiseRevisions have it (bucket-v1, by-hand)');
    expect(resolve({ revisions: [] })).toContain('has no PromiseRevision that is the latest');
  });

  it('takes a request away as it was made, or as the Promise is when that version is gone', () => {
    const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(resolve({ request: request({ promiseVersion: 'v1' }, leaving), bindings: [binding('v9')] })).toEqual(['v9', 'v1', 'bucket-v1']);
    expect(resolve({ request: request({}, leaving), bindings: [binding('latest', 'a', { lastAppliedVersion: 'v1' })] })).toEqual(['latest', 'v1', 'bucket-v1']);
    expect(resolve({ request: request({ promiseVersion: 'v0' }, leaving) })).toEqual(['latest', 'v2', 'bucket-v2']);
    expect(resolve({ request: request({}, leaving), revisions: [] })).toEqual(['latest', 'v2', undefined]);
  });
});
