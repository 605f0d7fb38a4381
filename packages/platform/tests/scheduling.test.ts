import { destinations, events, promises, workPlacements, works, type Destination, type Event, type Work, type WorkPlacement } from '@plinth/api';
import { type KubeObject, keyOf } from '@plinth/apimachinery';
import { encodeWorkload, StateStoreError } from '@plinth/state-store';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketPromise, condition, create, startWorld, type World } from './world.ts';

const group = (id: string, matchLabels?: Record<string, string>): object => ({
  id: id.padEnd(32, '0'),
  directory: '.',
  ...(matchLabels ? { destinationSelectors: [{ matchLabels, source: 'promise' }] } : {}),
  workloads: [],
});
const newWork = (name: string, resourceName: string, groups: readonly object[], labels: Record<string, string> = {}): KubeObject =>
  ({
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Work',
    metadata: { name, namespace: 'default', labels: { 'kratix.io/promise-name': 'none', ...labels } },
    spec: { promiseName: 'none', ...(resourceName ? { resourceName } : {}), workloadGroups: groups },
  }) as KubeObject;
const newDestination = (name: string, labels: Record<string, string>, spec: object = {}): KubeObject =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'Destination', metadata: { name, labels }, spec: { path: name, stateStoreRef: { kind: 'GitStateStore', name: 'default' }, ...spec } }) as KubeObject;

const placed = async ({ plane }: World): Promise<readonly WorkPlacement[]> => (await plane.client.list<WorkPlacement>(workPlacements, { namespace: 'default' })).items;
const places = async (world: World): Promise<readonly string[]> => (await placed(world)).map(({ spec }) => spec!.targetDestinationName!).sort();
const workNamed = ({ plane }: World, name: string): Promise<Work> => plane.client.get<Work>(works, { namespace: 'default', name });
const label = ({ plane }: World, name: string, labels: Record<string, string | null>): Promise<Destination> => plane.client.patch<Destination>(destinations, { name }, 'merge', { metadata: { labels } });
const is = async (world: World, name: string, message: string): Promise<void> => {
  await eventually(async () => condition(await workNamed(world, name), 'Ready')?.['message'] === message);
};

describe('scheduling', () => {
  it('brings what belongs to a Promise to every destination that matches, also to those that come later', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, newWork('all', '', [group('a', { environment: 'dev' })]));
    await is(world, 'all', 'Ready');
    expect(await places(world)).toEqual(['worker']);
    await world.plane.client.create(destinations, newDestination('late', { environment: 'dev' }));
    await world.plane.client.create(destinations, newDestination('other', { environment: 'prod' }));
    await eventually(async () => expect(await places(world)).toEqual(['late', 'worker']));
    await label(world, 'other', { environment: 'dev' });
    await eventually(async () => expect(await places(world)).toEqual(['late', 'other', 'worker']));
    await is(world, 'all', 'Ready');
  });

  it('makes a placement again that somebody deletes while it is being changed', async () => {
    let isToGo = false;
    await using world = await startWorld({}, {}, {
      tap: (client) => ({
        client: {
          ...client,
          update: async (resource, object, options) => {
            if (isToGo && resource.plural === workPlacements.plural) {
              isToGo = false;
              await client.delete(resource, keyOf(object));
              await eventually(async () => (await client.find(resource, keyOf(object))) === undefined);
            }
            return client.update(resource, object, options);
          },
        },
      }),
    });
    await world.plane.client.create(works, newWork('one', 'one', [group('a', { environment: 'dev' })]));
    await is(world, 'one', 'Ready');
    const before = (await placed(world))[0]!.metadata.uid;
    isToGo = true;
    await world.plane.client.patch(works, { namespace: 'default', name: 'one' }, 'merge', { spec: { workloadGroups: [{ ...group('a', { environment: 'dev' }), workloads: [encodeWorkload('b.yaml', Buffer.from('b'))] }] } });
    await eventually(async () => expect(condition(await workNamed(world, 'one'), 'Ready')).toMatchObject({ status: 'True', observedGeneration: 2 }));
    expect((await placed(world)).map(({ metadata }) => metadata.uid)).not.toContain(before);
  });

  it('leaves a request where it is, marks it when its destination matches no more, and takes the mark away when it does', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, newWork('one', 'one', [group('a', { environment: 'dev' })]));
    await is(world, 'one', 'Ready');
    await world.plane.client.create(destinations, newDestination('also', { environment: 'dev' }));
    await label(world, 'worker', { environment: 'prod' });
    await is(world, 'one', 'Misplaced');
    const [misplaced] = await placed(world);
    expect(misplaced?.metadata.labels).toMatchObject({ 'kratix.io/misplaced': 'true' });
    await eventually(async () => expect(condition((await placed(world))[0]!, 'Ready')).toMatchObject({ reason: 'Misplaced', message: 'Misplaced' }));
    expect(await places(world)).toEqual(['worker']);
    await eventually(async () => {
      const { items } = await world.plane.client.list<Event>(events, { namespace: 'default' });
      expect(items.filter(({ reason }) => reason === 'DestinationSelectorMismatch').map(({ regarding }) => regarding?.kind).sort()).toEqual(['Work', 'WorkPlacement']);
    });

    await label(world, 'worker', { environment: 'dev' });
    await is(world, 'one', 'Ready');
    await eventually(async () => {
      const [again] = await placed(world);
      expect(again?.metadata.labels).not.toHaveProperty('kratix.io/misplaced');
      expect(condition(again!, 'Ready')).toMatchObject({ status: 'True', message: 'Ready' });
    });
  });

  it('moves a request on when its destination is taken away with its files', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(destinations, newDestination('short', { zone: 'x' }, { cleanup: 'all' }));
    await world.plane.client.create(works, newWork('one', 'one', [group('a', { zone: 'x' })]));
    await is(world, 'one', 'Ready');
    await world.plane.client.delete(destinations, { name: 'short' });
    await is(world, 'one', 'Pending');
    expect(condition(await workNamed(world, 'one'), 'ScheduleSucceeded')?.['reason']).toBe('UnscheduledWorkloads');
    await label(world, 'worker', { zone: 'x' });
    await is(world, 'one', 'Ready');
    expect(await places(world)).toEqual(['worker']);
  });

  it('deletes the placements of groups that are gone', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, newWork('two', 'one', [group('a', { environment: 'dev' }), group('b', { environment: 'dev' })]));
    await eventually(async () => expect((await placed(world)).map(({ metadata }) => metadata.name).sort()).toEqual(['two.worker-a0000', 'two.worker-b0000']));
    await world.plane.client.patch(works, { namespace: 'default', name: 'two' }, 'merge', { spec: { workloadGroups: [group('b', { environment: 'dev' })] } });
    await eventually(async () => expect((await placed(world)).map(({ metadata }) => metadata.name)).toEqual(['two.worker-b0000']));
    await is(world, 'two', 'Ready');
    await world.plane.client.delete(works, { namespace: 'default', name: 'two' });
    await eventually(async () => expect(await world.plane.client.find(works, { namespace: 'default', name: 'two' })).toBeUndefined());
    expect(await placed(world)).toEqual([]);
  });

  it('schedules to a destination that is not ready, and says what it waits for', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(destinations, newDestination('lost', { zone: 'x' }, { stateStoreRef: { kind: 'GitStateStore', name: 'nowhere' } }));
    await world.plane.client.create(works, newWork('one', 'one', [group('a', { zone: 'x' })]));
    await eventually(async () => {
      expect(await places(world)).toEqual(['lost']);
      expect(condition(await workNamed(world, 'one'), 'Written')?.['message']).toContain('GitStateStore');
    });
    expect(condition(await workNamed(world, 'one'), 'Ready')?.['status']).toBe('False');
  });

  it('does not flap while a placement cannot be written', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, newWork('one', 'one', [group('a', { environment: 'dev' })]));
    await is(world, 'one', 'Ready');
    world.store.broken = new StateStoreError('unauthorized', 'the branch is protected');
    const ended = new AbortController();
    const seen: string[] = [];
    const { metadata } = await world.plane.client.list(works, { namespace: 'default' });
    const watching = (async () => {
      for await (const event of world.plane.client.watch<Work>(works, { namespace: 'default', resourceVersion: metadata.resourceVersion!, signal: ended.signal })) seen.push(String(condition(event.object as Work, 'Ready')?.['message']));
    })();
    await world.plane.client.patch(works, { namespace: 'default', name: 'one' }, 'merge', { spec: { lastExecutionTimestamp: 'now' } });
    await is(world, 'one', 'Failing');
    await label(world, 'worker', { more: 'labels' });
    await label(world, 'worker', { more: 'again' });
    expect(condition(await workNamed(world, 'one'), 'Written')).toMatchObject({ reason: 'WorkplacementsFailing', message: expect.stringMatching(/^worker: .*the branch is protected$/) });
    ended.abort();
    await watching;
    // Over Pending to Failing, whose cause becomes more exact once, and no way back.
    expect(seen.join(' ')).toMatch(/^Ready (Pending )?Failing( Failing)?$/);
  });

  it('brings the Works of dry runs to destinations for dry runs only', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, newWork('dry', 'one', [group('a', { environment: 'dev' })], { 'kratix.io/dry-run': 'true' }));
    await is(world, 'dry', 'Pending');
    await world.plane.client.create(destinations, newDestination('rehearsal', { 'kratix.io/dry-run': 'true' }));
    await is(world, 'dry', 'Ready');
    expect(await places(world)).toEqual(['rehearsal']);
  });

  it('is woken by no Destination that does not concern it', async () => {
    await using world = await startWorld({});
    const reconciles = async (): Promise<number> => Number(/^controller_runtime_reconcile_total\{controller="work",result="success"\} (\d+)$/m.exec(await world.metrics())?.[1] ?? 0);
    const names = Array.from({ length: 20 }, (_, index) => `w${index}`);
    for (const name of names) await world.plane.client.create(works, newWork(name, name, [group('a', { environment: 'dev' })]));
    for (const name of names) await is(world, name, 'Ready');
    const before = await eventually(reconciles);
    await label(world, 'worker', { colour: 'red' });
    await world.plane.client.create(destinations, newDestination('second', { environment: 'dev' }));
    await world.plane.client.create(destinations, newDestination('other', { environment: 'prod' }));
    // What was caused before it has been looked at when this one is done.
    await world.plane.client.create(works, newWork('last', 'last', [group('a', { environment: 'prod' })]));
    await is(world, 'last', 'Ready');
    expect((await reconciles()) - before).toBeLessThanOrEqual(4);
  });

  it('says when static dependencies were last written, and writes them only when they changed', async () => {
    await using world = await startWorld({});
    const dependencies = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'needed' } }];
    await create(world.plane, bucketPromise({}, { dependencies }));
    const find = async (): Promise<Work> => {
      const { items } = await world.plane.client.list<Work>(works, { namespace: 'kratix-platform-system' });
      expect(condition(items[0]!, 'Ready')).toMatchObject({ status: 'True' });
      return items[0]!;
    };
    const written = await eventually(find);
    expect(written.metadata.labels).toEqual({ 'kratix.io/promise-name': 'bucket', 'kratix.io/work-type': 'static-dependency' });
    expect(Date.parse(written.metadata.annotations?.['kratix.io/last-updated-at'] ?? '')).toBeGreaterThan(0);
    await world.restart();
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { metadata: { annotations: { note: 'x' } } });
    await world.plane.client.patch(promises, { name: 'bucket' }, 'merge', { spec: { dependencies: [...dependencies, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'more' } }] } });
    await eventually(async () => expect((await find()).metadata.generation).toBe(2));
  });
});
