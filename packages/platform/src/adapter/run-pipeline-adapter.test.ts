import { conflict, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { tempDir } from '@plinth/testing';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specHash } from '../naming/spec-hash.ts';
import { runPipelineAdapter } from './run-pipeline-adapter.ts';

const env = { KRATIX_OBJECT_GROUP: 'example.com', KRATIX_OBJECT_VERSION: 'v1', KRATIX_OBJECT_KIND: 'Bucket', KRATIX_CRD_PLURAL: 'buckets', KRATIX_OBJECT_NAME: 'one', KRATIX_OBJECT_NAMESPACE: 'default', KRATIX_PIPELINE_NAME: 'p', KRATIX_WORKFLOW_TYPE: 'resource', IS_LAST_PIPELINE: 'true' };
const paths = ['/kratix/input', '/work-creator-files/input', '/work-creator-files/metadata', '/work-creator-files/kratix-system'];

/** The adapter on folders of its own, with an API server that holds one request and its Works. */
async function world(dir: string, { conflicts = 0, works = [] as readonly UnstructuredObject[] } = {}) {
  const mounts = new Map(paths.map((path) => [path, join(dir, path)]));
  for (const path of mounts.values()) mkdirSync(path, { recursive: true });
  const calls: string[] = [];
  const written: UnstructuredObject[] = [];
  let version = 1;
  const request = (): UnstructuredObject => ({ apiVersion: 'example.com/v1', kind: 'Bucket', metadata: { name: 'one', namespace: 'default', generation: 3, resourceVersion: String(version), managedFields: [] }, spec: { size: 1 }, status: { message: 'Pending' } }) as UnstructuredObject;
  const write = (verb: string, object: UnstructuredObject): UnstructuredObject => {
    calls.push(verb);
    if (conflicts > 0) {
      conflicts -= 1;
      version += 1;
      throw conflict({ group: 'example.com', plural: 'buckets' } as Parameters<typeof conflict>[0], 'one', 'changed');
    }
    written.push(object);
    return object;
  };
  const client = {
    get: async () => request(),
    list: async () => ({ items: works }),
    patch: async (_resource: unknown, _key: unknown, _type: unknown, body: unknown) => calls.push(`patch ${JSON.stringify(body)}`),
    create: async (_resource: unknown, object: UnstructuredObject) => write('create', object),
    update: async (_resource: unknown, object: UnstructuredObject) => write('update', object),
    updateStatus: async (_resource: unknown, object: UnstructuredObject) => write('updateStatus', object),
  } as unknown as Client;
  let printed = '';
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<number> =>
    runPipelineAdapter({ args, env: { ...env, ...more }, mounts, client, log: (text) => (printed += `${text}\n`), signal: new AbortController().signal, now: () => 0 });
  const file = (path: string): string => join(dir, path);
  return { run, file, calls, written, printed: () => printed };
}

const creator = ['work-creator', '--input-directory', '/work-creator-files', '--promise-name', 'bucket', '--pipeline-name', 'p', '--namespace', 'default', '--workflow-type', 'resource', '--resource-name', 'one'];

describe('reader', () => {
  it('writes the object without its history, and never through what an earlier run left', async () => {
    await using dir = await tempDir();
    const { run, file, printed } = await world(dir.path);
    writeFileSync(file('elsewhere'), 'untouched');
    symlinkSync(file('elsewhere'), file('/kratix/input/object.yaml'));
    expect(await run(['reader'])).toBe(0);
    expect(readFileSync(file('elsewhere'), 'utf8')).toBe('untouched');
    expect(readFileSync(file('/kratix/input/object.yaml'), 'utf8')).toMatch(/^apiVersion: example.com\/v1\nkind: Bucket\n/);
    expect(printed()).not.toContain('managedFields');
  });

  it('hands out the spec that the run was made for, and no other', async () => {
    await using dir = await tempDir();
    const { run, file, printed } = await world(dir.path);
    const madeFor = (generation: number, spec: unknown) => ({ PLINTH_OBJECT_GENERATION: String(generation), PLINTH_OBJECT_HASH: specHash(spec) });
    expect(await run(['reader'], madeFor(2, { size: 9 }))).toBe(1);
    expect(existsSync(file('/kratix/input/object.yaml'))).toBe(false);
    expect(printed()).toBe('Bucket default/one was changed after this run was started (generation 2, now 3): nothing was done with either, a new run begins\n');
    // Changed and changed back; and as it was, with a default that the CRD got meanwhile.
    expect(await run(['reader'], madeFor(1, { size: 1 }))).toBe(0);
    expect(await run(['reader'], madeFor(3, {}))).toBe(0);
  });
});

describe('update-status', () => {
  it('tries again with what others wrote meanwhile', async () => {
    await using dir = await tempDir();
    const { run, file, calls, written } = await world(dir.path, { conflicts: 2 });
    writeFileSync(file('/work-creator-files/metadata/status.yaml'), 'url: here\n');
    expect(await run(['update-status'])).toBe(0);
    expect(calls).toEqual(['updateStatus', 'updateStatus', 'updateStatus']);
    expect(written[0]).toMatchObject({ metadata: { resourceVersion: '3' }, status: { url: 'here', message: 'Resource requested' } });
  });

  it('labels what suspends itself before it says so', async () => {
    await using dir = await tempDir();
    const { run, file, calls, written } = await world(dir.path);
    writeFileSync(file('/work-creator-files/metadata/workflow-control.yaml'), 'suspend: true\nmessage: ask Ann\n');
    expect(await run(['update-status'])).toBe(0);
    expect(calls).toEqual(['patch {"metadata":{"labels":{"kratix.io/workflow-suspended":"true"}}}', 'updateStatus']);
    expect(written[0]).toMatchObject({ status: { message: 'Pending', kratix: { workflows: { suspendedGeneration: 3, pipelines: [{ name: 'p', phase: 'Suspended', message: 'ask Ann' }] } } } });
  });

  it('fails, and writes nothing, when a file is not what it should be', async () => {
    await using dir = await tempDir();
    const { run, file, calls, printed } = await world(dir.path);
    writeFileSync(file('/work-creator-files/metadata/status.yaml'), 'kratix: {}\n');
    expect(await run(['update-status'])).toBe(1);
    expect([calls, printed()]).toEqual([[], 'status.yaml sets the key "kratix", which belongs to the platform\n']);
  });

  it('warns of what a Promise\'s status does not take', async () => {
    await using dir = await tempDir();
    const { run, file, printed } = await world(dir.path);
    writeFileSync(file('/work-creator-files/metadata/status.yaml'), 'message: m\nurl: u\n');
    expect(await run(['update-status'], { KRATIX_WORKFLOW_TYPE: 'promise' })).toBe(0);
    expect(printed()).toContain("warning: a Promise's status takes the key message only; dropped: url");
  });
});

describe('work-creator', () => {
  it('makes a Work of what the pipeline wrote, also when that is nothing', async () => {
    await using dir = await tempDir();
    const { run, written } = await world(dir.path);
    expect(await run(creator)).toBe(0);
    expect(written[0]).toMatchObject({ kind: 'Work', metadata: { namespace: 'default', labels: { 'kratix.io/promise-name': 'bucket', 'kratix.io/work-type': 'resource', 'kratix.io/pipeline-name': 'p', 'kratix.io/resource-name': 'one' } }, spec: { promiseName: 'bucket', resourceName: 'one', workloadGroups: [] } });
    expect(written[0]!.metadata.ownerReferences).toBeUndefined();
  });

  it('writes none when the pipeline suspends', async () => {
    await using dir = await tempDir();
    const { run, file, calls } = await world(dir.path);
    writeFileSync(file('/work-creator-files/metadata/workflow-control.yaml'), 'retryAfter: 5m\n');
    expect(await run(creator)).toBe(0);
    expect(calls).toEqual([]);
  });

  it('replaces the content of the one that is there, and refuses to choose between two', async () => {
    await using dir = await tempDir();
    const work = { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Work', metadata: { name: 'kept', namespace: 'default', labels: { 'kratix.io/resource-name': 'one' } } } as unknown as UnstructuredObject;
    const one = await world(join(dir.path, 'one'), { works: [work] });
    writeFileSync(one.file('/work-creator-files/input/a.yaml'), 'a: 1\n');
    expect(await one.run(creator)).toBe(0);
    expect(one.written[0]).toMatchObject({ metadata: { name: 'kept' }, spec: { workloadGroups: [{ directory: '.', id: '5058f1af8388633f609cadb75a75dc9d', workloads: [{ filepath: 'a.yaml' }] }] } });
    const two = await world(join(dir.path, 'two'), { works: [work, work] });
    expect(await two.run(creator)).toBe(1);
    expect(two.printed()).toContain('found 2 Works with the labels');
  });
});
