import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobs, resourceBindings, workPlacements, works, type Job, type ResourceBinding } from '@plinth/api';
import { parseYaml as parse, type KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';
import { tapWrites, type WriteTap } from './write-tap.ts';

/**
 * The platform is killed after every single write that it makes for a request, on the API server or in the state store:
 * first one request shows which writes there are, then there is one more request for each of them. A new platform starts
 * on what the dead one left, and what it makes of that has to be what an undisturbed one makes.
 */
describe('a platform that is killed after any write that it makes for a request', () => {
  let world: World;
  let tap: WriteTap;
  let next: Parameters<typeof tapWrites>[1];
  const undone: string[] = [];

  beforeAll(async () => {
    world = await startWorld(
      {
        'test/make': ({ path }) => {
          const request = parse(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { readonly spec?: { readonly size?: string } };
          writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), `kind: Bucket\nsize: ${request.spec?.size ?? 'none'}\n`);
        },
        'test/undo': ({ env }) => void undone.push(env['KRATIX_OBJECT_NAME']!),
      },
      {},
      { tap: (client) => (tap = tapWrites(client, next)) },
    );
    const promise = bucketPromise();
    const { configure = [] } = promise.spec!.workflows!.resource!;
    const undo = { ...configure[0]!, metadata: { name: 'undo' }, spec: { containers: [{ name: 'undo', image: 'test/undo' }] } };
    await create(world.plane, { ...promise, spec: { ...promise.spec, workflows: { resource: { configure, delete: [undo] } } } } as KubeObject);
    await eventually(async () => condition(await world.promise(), 'Reconciled')?.['status'] === 'True');
    // What the requests of a namespace share is there before any of them.
    await create(world.plane, bucketRequest('first'));
    await isMade('first', 1);
    await remove('first');
    await isGone('first');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Newcomers are the first ones of their namespace: the accounts and roles of the pipelines are made for them. */
  const home = (name: string): string => (name.startsWith('newcomer') ? name : 'default');
  const key = (name: string) => ({ namespace: home(name), name });
  const ask = async (name: string): Promise<void> => {
    if (home(name) !== 'default') await create(world.plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await create(world.plane, bucketRequest(name, {}, home(name)));
  };
  const change = (name: string, patch: object): Promise<unknown> => world.plane.client.patch(buckets, key(name), 'merge', patch);
  const remove = (name: string): Promise<unknown> => world.plane.client.delete(buckets, key(name));
  const remains = async (name: string) => {
    const of = async (kind: typeof works | typeof jobs): Promise<readonly KubeObject[]> => (await world.plane.client.list(kind as typeof works, { namespace: home(name), labelSelector: `kratix.io/resource-name=${name}` })).items;
    const { items: placements } = await world.plane.client.list(workPlacements, { namespace: home(name) });
    return {
      jobs: (await of(jobs)) as readonly Job[],
      works: (await of(works)).length,
      placements: placements.filter((placement) => (placement as unknown as { readonly spec: { readonly resourceName: string } }).spec.resourceName === name).length,
      bindings: (await world.plane.client.list<ResourceBinding>(resourceBindings, { namespace: home(name), labelSelector: `kratix.io/resource-name=${name}` })).items,
      files: [...world.store.files].filter(([path]) => path.startsWith(`worker/resources/${home(name)}/bucket/${name}/`)),
    };
  };
  const isMade = (name: string, runs: number, size = 'none') =>
    eventually(async () => {
      const request = await world.request(name, home(name));
      expect(condition(request, 'Reconciled')).toMatchObject({ status: 'True' });
      expect(request.metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket' });
      expect(request.status).toMatchObject({ message: 'Resource requested', observedGeneration: request.metadata.generation, workflowsSucceeded: 1, promiseVersion: 'not-set' });
      const { bindings, ...rest } = await remains(name);
      expect(rest).toMatchObject({ works: 1, placements: 1, files: [[`worker/resources/${home(name)}/bucket/${name}/instance-configure/5058f/bucket.yaml`, `kind: Bucket\nsize: ${size}\n`]] });
      expect(rest.jobs.map((job) => job.status?.conditions?.[0]?.type)).toEqual(Array.from({ length: runs }, () => 'Complete'));
      expect(bindings.map(({ spec, status }) => [spec?.version, status?.lastAppliedVersion])).toEqual([['latest', 'not-set']]);
    }, PATIENT);
  const isGone = (name: string) =>
    eventually(async () => {
      expect(await world.plane.client.find(buckets, key(name))).toBeUndefined();
      expect(await remains(name)).toEqual({ jobs: [], works: 0, placements: 0, bindings: [], files: [] });
      expect(undone.filter((one) => one === name)).toHaveLength(1);
    }, PATIENT);

  const scenarios: Readonly<Record<string, { readonly prepare?: (name: string) => Promise<unknown>; readonly act: (name: string) => Promise<unknown>; readonly isRight: (name: string) => Promise<unknown>; readonly atLeast: number }>> = {
    create: { act: (name) => ask(name), isRight: (name) => isMade(name, 1), atLeast: 12 },
    newcomer: { act: (name) => ask(name), isRight: (name) => isMade(name, 1), atLeast: 16 },
    update: { prepare: (name) => isMade(name, 1), act: (name) => change(name, { spec: { size: '2Gi' } }), isRight: (name) => isMade(name, 2, '2Gi'), atLeast: 7 },
    rerun: { prepare: (name) => isMade(name, 1), act: (name) => change(name, { metadata: { labels: { 'kratix.io/manual-reconciliation': 'true' } } }), isRight: (name) => isMade(name, 2), atLeast: 8 },
    delete: { prepare: (name) => isMade(name, 1), act: remove, isRight: isGone, atLeast: 9 },
  };

  it.each(Object.keys(scenarios))('%s: loses nothing, doubles nothing, and leaves nothing behind', { timeout: 60_000 }, async (title) => {
    const { prepare, act, isRight, atLeast } = scenarios[title]!;
    const undisturbed = `${title}-0`;
    const isAbout = (name: string) => (write: string): boolean => new RegExp(`(^|[^a-z0-9])${name}([^0-9]|$)`).test(write);
    if (prepare) await create(world.plane, bucketRequest(undisturbed));
    await prepare?.(undisturbed);
    const before = tap.writes.length;
    await act(undisturbed);
    await isRight(undisturbed);
    const steps = await eventually(async () => {
      const seen = tap.writes.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return seen === tap.writes.length && tap.writes.slice(before).filter(isAbout(undisturbed));
    });
    expect(steps.length).toBeGreaterThanOrEqual(atLeast);

    const names = steps.map((_, index) => `${title}-${index + 1}`);
    if (prepare) {
      for (const name of names) await create(world.plane, bucketRequest(name));
      for (const name of names) await prepare(name);
    }
    let died = 0;
    for (const [index, name] of names.entries()) {
      next = { killAfter: index + 1, counts: isAbout(name) };
      await world.restart();
      await act(name);
      // A run may do with fewer writes: then it ends undisturbed.
      const end = await Promise.race([tap.died.then(() => 'died'), isRight(name).then(() => 'done', () => 'stuck')]);
      if (end === 'died') died += 1;
    }
    next = {};
    await world.restart();
    for (const [index, name] of names.entries()) {
      await isRight(name).catch((error: unknown) => {
        throw new Error(`killed after write ${index + 1} of ${title} (${steps[index]}): ${(error as Error).message}`, { cause: error });
      });
    }
    expect(died).toBeGreaterThanOrEqual(Math.min(atLeast, steps.length) - 1);
  });
});

/** Looks are expensive here: they list everything that a request may have left. */
const PATIENT = { timeoutMs: 20_000, intervalMs: 25 };
