import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configMaps, destinations, dryRuns, works, type DryRun, type Work } from '@plinth/api';
import { type KubeObject, parseYaml } from '@plinth/apimachinery';
import { credentials, git, startGitServer, startWorld as startGitWorld } from '@plinth/state-store/testing';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import type { PlatformConfig } from '../src/index.ts';
import { stableName } from '../src/naming/stable-name.ts';
import { secret } from './store-objects.ts';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

/** Writes what it was asked for; a `size` of `many` adds a file, `broken` fails. */
const make: TestImage = ({ env, path }) => {
  const request = parseYaml(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { metadata: { name: string; namespace: string; labels?: object }; spec?: { size?: string } };
  const size = request.spec?.size ?? '1Gi';
  if (size === 'broken') throw new Error('no such size');
  writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), `kind: Bucket\nmetadata:\n  name: ${request.metadata.name}\n  namespace: ${request.metadata.namespace}\nsize: ${size}\n`);
  if (size === 'many') writeFileSync(join(path('/kratix/output'), 'more.yaml'), 'kind: More\n');
  else writeFileSync(join(path('/kratix/output'), 'one.yaml'), 'kind: One\n');
  if (env['KRATIX_DRY_RUN'] === 'true') writeFileSync(join(path('/kratix/output'), 'kratix-diff.md'), 'as a dry run\n');
};
const ON: Partial<PlatformConfig> = { featureFlags: { dryRun: true } };
const rehearsal: KubeObject = {
  apiVersion: 'platform.kratix.io/v1alpha1',
  kind: 'Destination',
  metadata: { name: 'rehearsal', labels: { 'kratix.io/dry-run': 'true' } },
  spec: { path: 'rehearsal', stateStoreRef: { kind: 'GitStateStore', name: 'default' }, initWorkloads: { enabled: false } },
} as KubeObject;
const dryRun = (resource: object, name = 'try', request = 'one', promise = 'bucket'): KubeObject =>
  ({ apiVersion: 'platform.kratix.io/v1alpha1', kind: 'DryRun', metadata: { name, namespace: 'default' }, spec: { promiseRef: { name: promise }, resourceRequestRef: { name: request }, resource } }) as KubeObject;

const find = ({ plane }: World, name = 'try'): Promise<DryRun> => plane.client.get<DryRun>(dryRuns, { namespace: 'default', name });
const completed = (world: World, name = 'try'): Promise<Record<string, unknown>> => eventually(async () => condition(await find(world, name), 'Completed') ?? false);
const rehearsed = ({ store }: World): readonly string[] => [...store.files.keys()].filter((path) => path.startsWith('rehearsal/')).sort();
const summaryOf = (world: World, ending = '/kratix-dry-run-summary.md'): string => world.store.files.get(rehearsed(world).find((path) => path.endsWith(ending)) ?? '') ?? '';
const isReconciled = (world: World, name = 'one'): Promise<unknown> => eventually(async () => condition(await world.request(name), 'Reconciled')?.['status'] === 'True');

describe('a DryRun', () => {
  it('shows what a request would change, and changes nothing', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('one', { size: '1Gi' }));
    await isReconciled(world);
    const before = Object.fromEntries(world.store.files);

    await world.plane.client.create(dryRuns, dryRun({ size: 'many' }));
    await eventually(async () => expect(condition(await find(world), 'Progressing')).toMatchObject({ reason: 'WaitingForDestination', message: 'No Destination has the label kratix.io/dry-run=true' }));
    await world.plane.client.create(destinations, rehearsal);
    expect(await completed(world)).toMatchObject({ status: 'True', reason: 'SummaryWritten', message: expect.stringMatching(/^2 added, 1 modified, 1 removed\. /) });

    expect(summaryOf(world)).toBe(
      [
        '# Kratix Dry Run Summary',
        '',
        'Promise `bucket`, request `default/one` (exists): 2 added, 1 modified, 1 removed.',
        '',
        '## Pipeline: instance-configure',
        '',
        'Added: 2, modified: 1, removed: 1',
        '',
        '### Added: kratix-diff.md',
        '',
        '```',
        'as a dry run',
        '```',
        '',
        '### Added: more.yaml',
        '',
        '```yaml',
        'kind: More',
        '```',
        '',
        '### Modified: bucket.yaml',
        '',
        '```diff',
        '@@ -2,4 +2,4 @@',
        ' metadata:',
        '   name: one',
        '   namespace: default',
        '-size: 1Gi',
        '+size: many',
        '```',
        '',
        '### Removed: one.yaml',
        '',
        '```yaml',
        'kind: One',
        '```',
        '',
        '',
      ].join('\n'),
    );
    const real = Object.fromEntries([...world.store.files].filter(([path]) => !path.startsWith('rehearsal/')));
    expect(real).toEqual(before);
    expect(rehearsed(world).map((path) => path.split('/').at(-1)).sort()).toEqual(['bucket.yaml', 'kratix-diff.md', 'kratix-dry-run-summary.md', 'more.yaml']);
    expect((await world.request()).status).toMatchObject({ observedGeneration: 1 });
  });

  it('takes everything away with it that it made', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise({ 'instance-configure': ['test/make'] }, { workflows: { resource: { configure: bucketPromise().spec!.workflows!.resource!.configure, delete: bucketPromise().spec!.workflows!.resource!.configure } } }));
    await world.plane.client.create(dryRuns, dryRun({ size: '1Gi' }, 'try', 'not-there'));
    expect(await completed(world)).toMatchObject({ status: 'True' });
    expect(summaryOf(world)).toContain('request `default/not-there` (new): 3 added, 0 modified, 0 removed.');
    expect(summaryOf(world)).toContain('  name: not-there');
    const runs = world.started.length;
    await world.plane.client.delete(dryRuns, { namespace: 'default', name: 'try' });
    await eventually(async () => expect(await world.plane.client.find(dryRuns, { namespace: 'default', name: 'try' })).toBeUndefined());
    expect(rehearsed(world)).toEqual([]);
    expect((await world.plane.client.list(buckets)).items).toEqual([]);
    expect((await world.plane.client.list(works, { namespace: 'default' })).items).toEqual([]);
    // The delete workflow would have undone what the real request has.
    expect(world.started).toHaveLength(runs);
  });

  it('ends with the cause when the workflow fails or the request is refused, and does not run again', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, dryRun({ size: 'broken' }));
    expect(await completed(world)).toMatchObject({ status: 'False', reason: 'PipelineFailed', message: expect.stringContaining('no such size') });
    await create(world.plane, dryRun({ size: 3 }, 'refused'));
    expect(await completed(world, 'refused')).toMatchObject({ status: 'False', reason: 'PipelineFailed', message: expect.stringContaining('The request is refused: ') });
    await create(world.plane, dryRun({}, 'lost', 'one', 'nothing'));
    await eventually(async () => expect(condition(await find(world, 'lost'), 'Progressing')).toMatchObject({ message: 'Promise nothing not found' }));
    expect(world.started).toHaveLength(1);
  });

  it('ends when something else has the name of its request', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    const name = stableName('kratix-dry-run-try');
    await create(world.plane, bucketRequest(name));
    await create(world.plane, dryRun({ size: '1Gi' }));
    expect(await completed(world)).toMatchObject({ status: 'False', message: `There is a bucket default/${name} already, and it is not of this dry run: delete it, or give the dry run another name` });
  });

  it('takes a shorter name where the API allows no longer one', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    const promise = JSON.parse(JSON.stringify(bucketPromise()).replace('"properties":{"spec"', '"properties":{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":20}}},"spec"')) as KubeObject;
    await create(world.plane, promise);
    await create(world.plane, dryRun({ size: '1Gi' }, 'a-name-of-some-length'));
    expect(await completed(world, 'a-name-of-some-length')).toMatchObject({ status: 'True' });
    expect((await world.plane.client.list(buckets)).items.map(({ metadata }) => metadata.name)).toEqual([expect.stringMatching(/^dry-run-[0-9a-f]{8}$/)]);
  });

  it('waits while the feature is off, and goes on when the ConfigMap turns it on', async () => {
    await using world = await startWorld({ 'test/make': make });
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, dryRun({ size: '1Gi' }));
    await eventually(async () => expect(condition(await find(world), 'Progressing')).toMatchObject({ status: 'False', reason: 'FeatureDisabled' }));
    expect(world.started).toHaveLength(0);
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: 'featureFlags:\n  dryRun: true\n' } } as KubeObject;
    await world.plane.client.create(configMaps, settings);
    expect(await completed(world)).toMatchObject({ status: 'True' });
  });

  it('ends right when the platform is killed in the middle', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, dryRun({ size: '1Gi' }));
    for (let kills = 0; kills < 4; kills += 1) await world.restart();
    expect(await completed(world)).toMatchObject({ status: 'True' });
    expect((await world.plane.client.list<Work>(works, { namespace: 'default' })).items.map(({ metadata }) => metadata.labels?.['kratix.io/dry-run-summary'] ?? 'output').sort()).toEqual(['output', 'true']);
    await eventually(async () => expect((await world.plane.client.list(buckets)).items[0]?.metadata.labels).toMatchObject({ 'kratix.io/paused': 'true' }));
  });
});

describe('a compound DryRun', () => {
  const app: TestImage = ({ path }) => {
    const request = parseYaml(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { metadata: { name: string }; spec?: { size?: string } };
    const component = `apiVersion: example.com/v1\nkind: bucket\nmetadata:\n  name: ${request.metadata.name}-data\n  labels:\n    kratix.io/parent-resource-name: ${request.metadata.name}\nspec:\n  size: ${request.spec?.size ?? '1Gi'}\n`;
    writeFileSync(join(path('/kratix/output'), 'all.yaml'), `kind: Deployment\n---\n${component}`);
  };
  const appPromise = (): KubeObject => JSON.parse(JSON.stringify(bucketPromise({ 'app-configure': ['test/app'] })).replaceAll('bucket', 'app')) as KubeObject;

  it('rehearses the requests that its output asks for as well, and nests their summaries', async () => {
    await using world = await startWorld({ 'test/make': make, 'test/app': app }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, appPromise());
    await create(world.plane, dryRun({ size: '2Gi' }, 'try', 'shop', 'app'));
    expect(await completed(world)).toMatchObject({ status: 'True', reason: 'SummaryWritten', message: expect.stringMatching(/^4 added, 0 modified, 0 removed\. /) });
    const { status } = await find(world);
    expect(condition({ status } as never, 'ComponentsSucceeded')).toMatchObject({ status: 'True', reason: 'AllComponentsSucceeded' });
    expect(status?.components).toMatchObject([{ promise: 'bucket', request: 'shop-data', namespace: 'default', phase: 'Succeeded' }]);
    const child = status!.components![0]!.dryRun!;
    expect((await find(world, child)).metadata.labels).toEqual({ 'kratix.io/dry-run-parent': 'try', 'kratix.io/promise-name': 'bucket' });
    expect(summaryOf(world)).toContain('## Component: bucket default/shop-data\n\nPromise `bucket`, request `default/shop-data` (new): 3 added, 0 modified, 0 removed.\n\n### Pipeline: instance-configure');
    expect(summaryOf(world, `/kratix-dry-run-summary-${child}.md`)).toContain('  name: shop-data');
    await world.plane.client.delete(dryRuns, { namespace: 'default', name: 'try' });
    await eventually(async () => expect((await world.plane.client.list(dryRuns)).items).toEqual([]));
    expect(rehearsed(world)).toEqual([]);
  });

  it('ends when something else has the name of a component\'s dry run', async () => {
    await using world = await startWorld({ 'test/make': make, 'test/app': app }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, appPromise());
    const name = stableName('try-bucket-shop-data');
    await create(world.plane, dryRun({ size: '1Gi' }, name, 'other'));
    await create(world.plane, dryRun({ size: '2Gi' }, 'try', 'shop', 'app'));
    expect(await completed(world)).toMatchObject({ status: 'False', message: `There is a DryRun default/${name} already, and it is not of this dry run: delete it, or give the dry run another name` });
  });

  it('shows nothing of what stands in a namespace that nobody was asked about, and goes round in no circle', async () => {
    const elsewhere: TestImage = ({ path }) => {
      const component = 'apiVersion: example.com/v1\nkind: bucket\nmetadata:\n  name: theirs\n  namespace: secretive\n  labels:\n    kratix.io/parent-resource-name: shop\n';
      writeFileSync(join(path('/kratix/output'), 'all.yaml'), component);
    };
    await using world = await startWorld({ 'test/make': make, 'test/app': elsewhere }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'secretive' } } as KubeObject);
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('theirs', { size: '7Ti' }, 'secretive'));
    await eventually(async () => condition(await world.request('theirs', 'secretive'), 'Reconciled')?.['status'] === 'True');
    await create(world.plane, appPromise());
    await create(world.plane, dryRun({}, 'try', 'shop', 'app'));
    expect(await completed(world)).toMatchObject({ status: 'True' });
    expect(summaryOf(world)).toContain('request `secretive/theirs` (in another namespace, not compared): 3 added, 0 modified, 0 removed.');
    const { status } = await find(world);
    for (const summary of [summaryOf(world), summaryOf(world, `/kratix-dry-run-summary-${status!.components![0]!.dryRun}.md`)]) expect(summary).not.toContain('7Ti');

    for (const [name, parent] of [['left', 'right'], ['right', 'left']] as const) {
      const wanted = dryRun({}, name, 'shop');
      await create(world.plane, { ...wanted, metadata: { ...wanted.metadata, labels: { 'kratix.io/dry-run-parent': parent } } });
    }
    for (const name of ['left', 'right']) expect(await completed(world, name)).toMatchObject({ status: 'True' });
  });

  it('says which component failed', async () => {
    await using world = await startWorld({ 'test/make': make, 'test/app': app }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    await create(world.plane, appPromise());
    await create(world.plane, dryRun({ size: 'broken' }, 'try', 'shop', 'app'));
    expect(await completed(world)).toMatchObject({ status: 'True' });
    const { status } = await find(world);
    expect(condition({ status } as never, 'ComponentsSucceeded')).toMatchObject({ status: 'False', reason: 'ComponentDryRunFailed' });
    expect(status?.components).toMatchObject([{ phase: 'Failed', message: expect.stringContaining('no such size') }]);
    expect(summaryOf(world)).toContain('The dry run failed: ');
  });
});

describe('a request with the dry-run label', () => {
  it('is a dry run by itself, with a summary of what its pipelines say, until the label goes', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    const request = bucketRequest('one', { size: '2Gi' });
    await create(world.plane, { ...request, metadata: { ...request.metadata, labels: { 'kratix.io/dry-run': 'true' } } });
    await eventually(() => expect(summaryOf(world)).toBe('# Kratix Dry Run Summary\n\n## Pipeline: instance-configure\n\nas a dry run\n'));
    expect([...world.store.files.keys()].filter((path) => path.includes('worker/resources/default'))).toEqual([]);
    const executed = await world.request();
    expect(condition(executed, 'Reconciled')).toMatchObject({ status: 'True', reason: 'DryRunSucceeded', message: 'Dry run completed' });
    expect(executed.status?.['message']).toBe('Dry run executed');
    expect(condition(executed, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'DryRun' });

    await world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/dry-run': null } } });
    await eventually(() => expect(world.store.files.get('worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml')).toContain('2Gi'));
    await eventually(() => expect(rehearsed(world)).toEqual([]));
    await isReconciled(world);
  });

  it('runs for real when the label went while the platform was down', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    await world.plane.client.create(destinations, rehearsal);
    await create(world.plane, bucketPromise());
    const request = bucketRequest('one', { size: '2Gi' });
    await create(world.plane, { ...request, metadata: { ...request.metadata, labels: { 'kratix.io/dry-run': 'true' } } });
    await eventually(() => expect(summaryOf(world)).toContain('as a dry run'));

    await world.restart(() => world.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { metadata: { labels: { 'kratix.io/dry-run': null } } }));
    await eventually(() => expect(world.store.files.get('worker/resources/default/bucket/one/instance-configure/5058f/bucket.yaml')).toContain('2Gi'));
    await eventually(() => expect(rehearsed(world)).toEqual([]));
  });
});

describe('a DryRun with a real git store', () => {
  it('commits only where dry runs go, and takes it out again', async () => {
    await using gitWorld = await startGitWorld();
    await using server = await startGitServer({ dataDir: join(gitWorld.folder, 'second'), credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }] });
    const secretRef = { name: 'git', namespace: 'default' };
    await using world = await startWorld({ 'test/make': make }, ON, { gitStore: { url: `${server.url}/o/r`, secretRef }, objects: [secret('git', credentials), rehearsal] });
    const bare = join(gitWorld.folder, 'second', 'o', 'r.git');
    const files = async (): Promise<readonly string[]> => (await git(bare, 'ls-tree', '-r', '--name-only', 'main')).split('\n').filter((path) => /(worker\/resources\/default|rehearsal)\//.test(path));
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('one', { size: '1Gi' }));
    await isReconciled(world);
    const standing = await files();
    await create(world.plane, dryRun({ size: '2Gi' }));
    expect(await completed(world)).toMatchObject({ status: 'True', message: expect.stringMatching(/^1 added, 1 modified, 0 removed\. /) });
    const summary = (await files()).find((path) => path.endsWith('/kratix-dry-run-summary.md'));
    expect(summary).toMatch(/^rehearsal\/resources\/default\/bucket\/kratix-dry-run-try-[0-9a-f]{5}\//);
    expect(await git(bare, 'show', `main:${summary}`)).toContain('-size: 1Gi\n+size: 2Gi');
    expect((await files()).filter((path) => !path.startsWith('rehearsal/'))).toEqual(standing);
    await world.plane.client.delete(dryRuns, { namespace: 'default', name: 'try' });
    await eventually(async () => expect(await world.plane.client.find(dryRuns, { namespace: 'default', name: 'try' })).toBeUndefined());
    expect(await files()).toEqual(standing);
  });
});

describe('who may rehearse', () => {
  it('shows a request of another namespace only to those who may read the Works there', async () => {
    await using world = await startWorld({ 'test/make': make }, ON);
    const { plane } = world;
    await create(plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'secretive' } } as KubeObject);
    const role = (name: string, namespace: string, resource: string, verbs: readonly string[]): readonly KubeObject[] => [
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules: [{ apiGroups: ['platform.kratix.io'], resources: [resource], verbs }] } as unknown as KubeObject,
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ kind: 'User', name: 'ann' }] } as unknown as KubeObject,
    ];
    for (const object of role('rehearse', 'default', 'dryruns', ['create'])) await create(plane, object);
    const ann = plane.clientFor('ann');
    const other = { ...dryRun({}), spec: { promiseRef: { name: 'bucket' }, resourceRequestRef: { name: 'one', namespace: 'secretive' }, resource: {} } } as KubeObject;
    await expect(ann.create(dryRuns, other)).rejects.toThrow('its summary would show what requests of namespace secretive are made of, and ann may not get works there');
    await ann.create(dryRuns, dryRun({}, 'own'));
    for (const object of role('look', 'secretive', 'works', ['get'])) await create(plane, object);
    await eventually(() => ann.create(dryRuns, other));
  });
});
