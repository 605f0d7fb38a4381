import { healthRecords, resourceBindings, type Kind } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { type ControlPlane, runKubectl, startControlPlane } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformManifests } from '../src/index.ts';
import { create } from './world.ts';

let plane: ControlPlane;
let kubeconfig: string;
beforeAll(async () => {
  plane = await startControlPlane({ listen: true });
  for (const manifest of platformManifests()) await create(plane, manifest);
  kubeconfig = await plane.kubeconfig();
});
afterAll(() => plane[Symbol.asyncDispose]());

const PLATFORM = 'platform.kratix.io/v1alpha1';
const kubectl = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await runKubectl(args, { kubeconfig });
  return stdout + stderr;
};
const words = (line = ''): readonly string[] => line.trim().split(/\s{2,}/);
const make = (kind: string, name: string, spec: object, status: object = {}, more: object = {}): KubeObject => ({ apiVersion: PLATFORM, kind, metadata: { name }, spec, status, ...more }) as KubeObject;
const ready = (message: string): object => ({ conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message, lastTransitionTime: '2026-11-22T21:00:00Z' }] });

describe('what kubectl get shows', () => {
  it.each<[kind: string, spec: object, status: object, headers: string, cells: string]>([
    ['Promise', {}, { status: 'Available', kind: 'bucket', apiVersion: 'example.com/v1', version: 'v1', message: 'ready' }, 'NAME STATUS KIND|API VERSION|VERSION MESSAGE', 'x Available bucket example.com/v1 v1 ready'],
    ['PromiseRelease', { version: 'v1', sourceRef: { url: 'https://x.test' } }, { status: 'Installed' }, 'NAME STATUS VERSION', 'x Installed v1'],
    ['PromiseRevision', { promiseRef: { name: 'p' }, promiseSpec: {}, version: 'v1' }, { latest: true }, 'NAME PROMISE VERSION LATEST', 'x p v1 true'],
    ['ResourceBinding', { version: 'v2', promiseRef: { name: 'p' }, resourceRef: { name: 'r', namespace: 'default' } }, { lastAppliedVersion: 'v1' }, 'NAME RESOURCE PROMISE DESIRED APPLIED', 'x r p v2 v1'],
    ['Destination', { path: 'a', stateStoreRef: { kind: 'GitStateStore', name: 's' } }, ready('r'), 'NAME STATESTOREKIND STATESTORENAME READY', 'x GitStateStore s True'],
    ['GitStateStore', { url: 'https://git.test' }, { status: 'Ready', ...ready('r') }, 'NAME URL BRANCH READY', 'x https://git.test main True'],
    ['BucketStateStore', { bucketName: 'b', endpoint: 'e' }, { status: 'Ready', ...ready('r') }, 'NAME NAME ENDPOINT READY', 'x b e True'],
    ['Work', {}, ready('All placed'), 'NAME STATUS', 'x|All placed'],
    ['WorkPlacement', { targetDestinationName: 'd' }, ready('Written'), 'NAME DESTINATION STATUS', 'x d Written'],
  ])('of a %s', async (kind, spec, status, headers, cells) => {
    const resource = (await plane.client.resolve({ group: 'platform.kratix.io', version: 'v1alpha1', kind })) as Kind;
    const at = resource.namespaced ? { namespace: 'default' } : {};
    await plane.client.create(resource, { ...make(kind, 'x', spec), metadata: { name: 'x', ...at } } as KubeObject);
    await plane.client.patch(resource, { ...at, name: 'x' }, 'merge', { status }, { subresource: 'status' });
    const [head, row] = (await kubectl('get', resource.plural)).split('\n');
    const split = (text: string): readonly string[] => text.split('|').flatMap((part, index, all) => (all.length > 1 && part.includes(' ') && (index === 1 || kind === 'Work') ? [part] : part.split(' ')));
    expect(words(head)).toEqual(split(headers));
    expect(words(row)).toEqual(split(cells));
  });

  it('of a HealthRecord, with its defaults, and of a DryRun', async () => {
    await plane.client.create(healthRecords, { apiVersion: PLATFORM, kind: 'HealthRecord', metadata: { name: 'x', namespace: 'default' }, data: { promiseRef: { name: 'p' } } } as KubeObject);
    const [head, row] = (await kubectl('get', 'healthrecords')).split('\n');
    expect([words(head), words(row).slice(0, 2)]).toEqual([['NAME', 'STATUS', 'AGE'], ['x', 'unknown']]);
    await create(plane, { ...make('DryRun', 'x', { promiseRef: { name: 'p' }, resourceRequestRef: { name: 'r' }, resource: {} }), metadata: { name: 'x', namespace: 'default' } } as KubeObject);
    expect(words((await kubectl('get', 'dryruns')).split('\n')[0])).toEqual(['NAME', 'AGE']);
  });
});

describe('how kubectl finds the kinds', () => {
  it('by short names and by their category', async () => {
    for (const name of ['dest', 'dests', 'wp', 'wps']) expect(await kubectl('get', name)).not.toContain("doesn't have a resource type");
    const all = await kubectl('api-resources', '--categories=kratix', '-o', 'name');
    expect(all.trim().split('\n').map((line) => line.replace('.platform.kratix.io', '')).sort()).toEqual(['bucketstatestores', 'destinations', 'dryruns', 'gitstatestores', 'promisereleases', 'promiserevisions', 'promises', 'resourcebindings', 'workplacements', 'works']);
  });

  it('selects bindings by their version', async () => {
    const binding = (name: string, version: string): KubeObject => ({ ...make('ResourceBinding', name, { version, promiseRef: { name: 'p' }, resourceRef: { name: 'r', namespace: 'default' } }), metadata: { name, namespace: 'default' } }) as KubeObject;
    await plane.client.create(resourceBindings, binding('old', 'v7'));
    await plane.client.create(resourceBindings, binding('new', 'v8'));
    expect(await kubectl('get', 'resourcebindings', '--field-selector', 'spec.version=v7', '-o', 'name')).toBe('resourcebinding.platform.kratix.io/old\n');
    expect(await kubectl('get', 'resourcebindings', '--field-selector', 'spec.promiseRef.name=p')).toContain('field label not supported: spec.promiseRef.name');
  });

  it('fills the defaults of a Promise that somebody else writes the status of', async () => {
    await create(plane, make('Promise', 'bare', {}));
    await plane.client.request({ method: 'PATCH', path: `/apis/${PLATFORM}/promises/bare/status`, headers: { 'content-type': 'application/merge-patch+json' }, body: { status: { message: 'hello', unknown: 1 } } });
    expect(JSON.parse(await kubectl('get', 'promise', 'bare', '-o', 'jsonpath={.status}'))).toEqual({ message: 'hello', workflows: 0, workflowsSucceeded: 0, workflowsFailed: 0 });
  });
});
