import { describe, expect, it } from 'vitest';
import { aggregateChange, canaryChange, placementChange, placementRemoval } from './layout.ts';
import type { PlacementIdentity } from './layout.ts';
import { encodeWorkload } from './workload.ts';

const resource: PlacementIdentity = { namespace: 'default', name: 'wp', promiseName: 'postgresql', resourceName: 'example', pipelineName: 'instance-configure', groupId: '5058f1af8388633f609cadb75a75dc9d' };
const nested = { path: 'worker-cluster' } as const;
const paths = (files: readonly { readonly path: string }[]): string[] => files.map((file) => file.path);

describe('placementChange', () => {
  it('nests what a request made below resources/namespace/promise/request/pipeline/id', () => {
    expect(placementChange(nested, resource, [encodeWorkload('postgres-instance.yaml', 'x')])).toMatchObject({
      name: 'wp',
      action: { type: 'directory', directory: 'worker-cluster/resources/default/postgresql/example/instance-configure/5058f', files: [{ path: 'worker-cluster/resources/default/postgresql/example/instance-configure/5058f/postgres-instance.yaml', content: new Uint8Array([120]) }] },
    });
  });

  it('nests what a Promise made below dependencies/promise/pipeline/id, static dependencies without a pipeline', () => {
    const dependency = { ...resource, resourceName: '' };
    expect(placementChange(nested, dependency, []).action).toMatchObject({ directory: 'worker-cluster/dependencies/postgresql/instance-configure/5058f' });
    expect(placementChange({ path: '.' }, { ...dependency, pipelineName: '' }, [encodeWorkload('static/postgresql-dependencies.yaml', 'x')]).action).toMatchObject({
      files: [{ path: 'dependencies/postgresql/5058f/static/postgresql-dependencies.yaml' }],
    });
  });

  it('puts files as they are in mode none and remembers them in an index', () => {
    expect(placementChange({ path: '/prod/', mode: 'none' }, resource, [encodeWorkload('a/b.yaml', 'x')]).action).toMatchObject({ type: 'indexed', index: 'prod/.kratix/default-wp.yaml', files: [{ path: 'prod/a/b.yaml' }] });
    expect(placementRemoval({ path: 'prod', mode: 'none' }, resource).action).toEqual({ type: 'indexed', index: 'prod/.kratix/default-wp.yaml', files: [] });
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', '', 'a/', '.git/config', 'a/.GIT/hooks/x', 'a\\b', 'a\0b', 'git~1/x', '.git /x', `${'a/'.repeat(70)}x`, 'x'.repeat(2000)])('refuses the path %j', (filepath) => {
    expect(() => placementChange(nested, resource, [encodeWorkload(filepath, 'x')])).toThrow(expect.objectContaining({ name: 'StateStoreError', reason: 'invalid' }));
  });

  it('refuses a placement whose names would climb out', () => {
    expect(() => placementChange(nested, { ...resource, resourceName: '..' }, [])).toThrow('".." is not allowed');
  });
});

describe('aggregateChange', () => {
  it('joins the workloads of all placements by placement name, with a line of dashes between', () => {
    const { change, refused } = aggregateChange({ path: 'd', mode: 'aggregatedYAML' }, 'b', [
      { id: 'ns/b', name: 'b', workloads: [encodeWorkload('x.yaml', 'kind: B')] },
      { id: 'ns/bad', name: 'aa', workloads: [{ filepath: 'x.yaml', content: '!' }] },
      { id: 'ns/a', name: 'a', workloads: [encodeWorkload('x.yaml', 'kind: A\n'), encodeWorkload('y.yaml', 'kind: C\n')] },
    ]);
    expect(change.action).toEqual({ type: 'files', put: [{ path: 'd/aggregated.yaml', content: new TextEncoder().encode('kind: A\n---\nkind: C\n---\nkind: B\n') }], delete: [] });
    // One that cannot be read does not hold up the others.
    expect([...refused].map(([id, error]) => [id, error.message])).toEqual([['ns/bad', 'workload "x.yaml": content is not base64']]);
  });

  it('deletes the file when nothing is left', () => {
    expect(aggregateChange({ path: 'd', mode: 'aggregatedYAML', filename: 'all.yaml' }, 'b', []).change.action).toEqual({ type: 'files', put: [], delete: ['d/all.yaml'] });
  });
});

describe('canaryChange', () => {
  it('stands where the mode wants it, and goes when it is not wanted', () => {
    const put = (mode: 'none' | 'nestedByMetadata'): string[] => {
      const { action } = canaryChange({ path: 'd', mode });
      return action.type === 'files' ? paths(action.put) : [];
    };
    expect(put('nestedByMetadata')).toEqual(['d/dependencies/kratix-canary-namespace.yaml', 'd/resources/kratix-canary-configmap.yaml']);
    expect(put('none')).toEqual(['d/kratix-canary-namespace.yaml', 'd/kratix-canary-configmap.yaml']);
    expect(canaryChange({ path: 'd' }, false)).toMatchObject({ name: 'kratix-canary', action: { put: [], delete: ['d/dependencies/kratix-canary-namespace.yaml', 'd/resources/kratix-canary-configmap.yaml'] } });
  });
});
