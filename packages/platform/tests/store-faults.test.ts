import { mkdir, rm, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketStateStores, destinations, gitStateStores, works, type Work } from '@plinth/api';
import { credentials, fsck, git, startGitServer, startHttpBackend, startS3Server, startWorld as startGitWorld } from '@plinth/state-store/testing';
import { eventually, fakeClock } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketStore, createWork, deleteWork, destination, gone, ready, secret, written } from './store-objects.ts';
import type { TestImage } from './test-kubelet.ts';
import { bucketPromise, bucketRequest, condition, create, startWorld, type World } from './world.ts';

const login = secret('git', credentials);
const worker = destination('red', { kind: 'GitStateStore', name: 'default' });
const secretRef = { name: 'git', namespace: 'default' };
/** How long a store stays away after everybody has noticed: `npm run soak` makes it a minute. */
const OUTAGE_MS = Number(process.env['PLINTH_OUTAGE_MS'] ?? 0);
const outage = (): Promise<void> => sleep(OUTAGE_MS);
const TIMEOUT_MS = 30_000 + OUTAGE_MS;
const fileOf = (name: string): string => `red/resources/default/p/${name}/configure/5058f/a.yaml`;

describe('a git server that is away for a while', () => {
  it('turns request, placement, store and Destination red with the cause, and all heal when it is back', async () => {
    const make: TestImage = ({ path }) => writeFileSync(join(path('/kratix/output'), 'bucket.yaml'), 'kind: Bucket\n');
    await using gitWorld = await startGitWorld();
    const options = { dataDir: join(gitWorld.folder, 'second'), credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }] };
    const server = await startGitServer(options);
    await using world = await startWorld({ 'test/make': make }, {}, { gitStore: { url: `${server.url}/o/r`, secretRef }, objects: [login] });
    await create(world.plane, bucketPromise());
    await create(world.plane, bucketRequest('one'));
    await reconciled(world, 'one', 'True');

    await server[Symbol.asyncDispose]();
    await create(world.plane, bucketRequest('two'));
    await reconciled(world, 'two', 'False');
    const [two] = (await world.plane.client.list<Work>(works, { namespace: 'default', labelSelector: 'kratix.io/resource-name=two' })).items;
    await written(world.plane, two!.metadata.name, 'False', /connection refused/);
    expect(condition(await world.plane.client.get<Work>(works, { namespace: 'default', name: two!.metadata.name }), 'ScheduleSucceeded')).toMatchObject({ status: 'False', reason: 'WorkplacementsFailing' });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorValidatingPermissions', message: /connection refused/ });
    await ready(world.plane, destinations, 'worker', { status: 'False', reason: 'StateStoreNotReady', message: /^GitStateStore\/default: not ready$/ });
    // Its files stand where they stood, as far as anybody knows.
    await reconciled(world, 'one', 'True');

    await outage();
    await using again = await startGitServer({ ...options, port: server.port });
    await reconciled(world, 'two', 'True');
    await ready(world.plane, gitStateStores, 'default', { status: 'True', reason: 'StateStoreReady' });
    await ready(world.plane, destinations, 'worker', { status: 'True', reason: 'TestDocumentsWritten' });
    const bare = join(options.dataDir, 'o', 'r.git');
    expect((await filesOf(bare)).filter((path) => path.includes('/bucket/'))).toEqual(['one', 'two'].map((name) => `worker/resources/default/bucket/${name}/instance-configure/5058f/bucket.yaml`));
    await fsck(bare);
    expect(again.port).toBe(server.port);
  }, TIMEOUT_MS);

  it('does not lose what is deleted meanwhile', async () => {
    await using gitWorld = await startGitWorld();
    const options = { dataDir: join(gitWorld.folder, 'second'), credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }] };
    const server = await startGitServer(options);
    await using world = await startWorld({}, {}, { gitStore: { url: `${server.url}/o/r`, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await written(world.plane, 'one');
    await server[Symbol.asyncDispose]();
    await deleteWork(world.plane, 'one');
    await written(world.plane, 'one', 'False', /connection refused/);
    await outage();
    await using again = await startGitServer({ ...options, port: server.port });
    await gone(world.plane, 'one');
    expect((await filesOf(join(options.dataDir, 'o', 'r.git'))).filter((path) => path.includes('/p/'))).toEqual([]);
    expect(again.port).toBe(server.port);
  }, TIMEOUT_MS);
});

describe('a repository', () => {
  it('that refuses a push says why on the placement, and takes it as soon as it may', async () => {
    await using stock = await startStock();
    await using world = await startWorld({}, {}, { gitStore: { url: stock.url, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'one' });
    await written(world.plane, 'one');
    await writeFile(join(stock.bare, 'hooks/pre-receive'), '#!/bin/sh\necho "main is frozen until Monday" >&2\nexit 1\n', { mode: 0o755 });
    await createWork(world.plane, 'two', 'red', { 'a.yaml': 'two' });
    await written(world.plane, 'two', 'False', /^cannot write two\.red-5058f to branch "main": the git server refused to move branch main: pre-receive hook declined: main is frozen until Monday$/);
    await eventually(async () => expect(condition(await world.plane.client.get<Work>(works, { namespace: 'default', name: 'two' }), 'Ready')).toMatchObject({ status: 'False', reason: 'WorkplacementsFailing', message: 'Failing' }));
    await rm(join(stock.bare, 'hooks/pre-receive'));
    // Another one that gets through shows that the way is free.
    await createWork(world.plane, 'three', 'red', { 'a.yaml': 'three' });
    await written(world.plane, 'two');
    await fsck(stock.bare);
  });

  it('that somebody else forces back is made right again at once, and keeps what they put into it', async () => {
    await using gitWorld = await startGitWorld();
    await using world = await startWorld({}, {}, { gitStore: { url: gitWorld.url, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'one' });
    await createWork(world.plane, 'two', 'red', { 'a.yaml': 'two' });
    await written(world.plane, 'one');
    await written(world.plane, 'two');
    const clone = join(gitWorld.folder, 'work');
    await git(gitWorld.folder, 'clone', '-q', gitWorld.pushUrl, clone);
    await git(clone, 'checkout', '-q', '--orphan', 'other');
    await git(clone, 'rm', '-rqf', '.');
    await writeFile(join(clone, 'theirs.txt'), 'theirs');
    await git(clone, 'add', '.');
    await git(clone, 'commit', '-qm', 'history rewritten');
    await git(clone, 'push', '-qf', 'origin', 'HEAD:main');
    await eventually(async () => expect(await filesOf(gitWorld.bare)).toEqual(expect.arrayContaining(['theirs.txt', fileOf('one'), fileOf('two'), 'red/dependencies/kratix-canary-namespace.yaml'])), { timeoutMs: 15_000 });
    await fsck(gitWorld.bare);
  });

  it('that was rewritten on a server which does not tell is made right with the next write', async () => {
    await using stock = await startStock();
    await using world = await startWorld({}, {}, { gitStore: { url: stock.url, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'one' });
    await written(world.plane, 'one');
    const clone = join(stock.bare, '../work');
    await git(stock.bare, 'clone', '-q', stock.bare, clone);
    await git(clone, 'rm', '-rq', 'red/resources');
    await git(clone, 'commit', '-q', '--amend', '-m', 'amended');
    await git(clone, 'push', '-qf', 'origin', 'HEAD:main');
    await createWork(world.plane, 'two', 'red', { 'a.yaml': 'two' });
    await eventually(async () => expect(await filesOf(stock.bare)).toEqual(expect.arrayContaining([fileOf('one'), fileOf('two'), 'red/resources/kratix-canary-configmap.yaml'])), { timeoutMs: 15_000 });
  });

  it('that was rewritten on a server which does not tell, while nobody writes, is made right when it is looked at again', async () => {
    await using stock = await startStock();
    const clock = fakeClock(Date.now());
    await using world = await startWorld({}, {}, { clock, gitStore: { url: stock.url, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'one' });
    await written(world.plane, 'one');
    await ready(world.plane, gitStateStores, 'default', { status: 'True' });
    await git(stock.bare, 'update-ref', 'refs/heads/main', (await git(stock.bare, 'rev-list', '--max-parents=0', 'main')).trim());
    await eventually(async () => {
      await clock.advance(60_000);
      expect(await filesOf(stock.bare)).toEqual(expect.arrayContaining([fileOf('one'), 'red/resources/kratix-canary-configmap.yaml']));
    }, { timeoutMs: 15_000 });
  });

  it('that was deleted and made again gets back all that it held', async () => {
    await using stock = await startStock();
    await using world = await startWorld({}, {}, { gitStore: { url: stock.url, secretRef }, objects: [login, worker] });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'one' });
    await written(world.plane, 'one');
    await rm(stock.bare, { recursive: true });
    await createWork(world.plane, 'two', 'red', { 'a.yaml': 'two' });
    await written(world.plane, 'two', 'False', /404/);
    await ready(world.plane, gitStateStores, 'default', { status: 'False', message: /404/ });
    await stock.create();
    await written(world.plane, 'two');
    await eventually(async () => expect(await filesOf(stock.bare)).toEqual(expect.arrayContaining([fileOf('one'), fileOf('two'), 'red/resources/kratix-canary-configmap.yaml'])), { timeoutMs: 15_000 });
    await fsck(stock.bare);
  });
});

describe('a bucket that answers 503', () => {
  it('turns what is written meanwhile red with the cause, and heals', async () => {
    await using s3 = await startS3Server();
    const store = bucketStore('s3', { bucketName: s3.bucket, endpoint: s3.endpoint, insecure: true, secretRef: { name: 's3', namespace: 'default' } });
    const keys = secret('s3', { accessKeyID: s3.accessKey.id, secretAccessKey: s3.accessKey.secret });
    await using world = await startWorld({}, {}, { objects: [keys, store, destination('blue', { kind: 'BucketStateStore', name: 's3' })] });
    await createWork(world.plane, 'one', 'blue', { 'a.yaml': 'one' });
    const placement = await written(world.plane, 'one');
    expect(placement.status?.versionID).toMatch(/^[0-9a-f]{64}$/);
    await ready(world.plane, destinations, 'blue', { status: 'True', reason: 'TestDocumentsWritten' });
    s3.failWith(503);
    await createWork(world.plane, 'two', 'blue', { 'a.yaml': 'two' });
    await written(world.plane, 'two', 'False', /503 SlowDown/);
    await ready(world.plane, bucketStateStores, 's3', { status: 'False', reason: 'ErrorValidatingPermissions', message: /503 SlowDown/ });
    await ready(world.plane, destinations, 'blue', { status: 'False', reason: 'StateStoreNotReady' });
    await outage();
    s3.failWith(undefined);
    await written(world.plane, 'two');
    await ready(world.plane, bucketStateStores, 's3', { status: 'True' });
    await deleteWork(world.plane, 'one');
    await gone(world.plane, 'one');
    expect(s3.requests.filter((request) => request.startsWith('DELETE') && request.includes('/p/one/'))).toHaveLength(1);
  }, TIMEOUT_MS);
});


const reconciled = (world: World, name: string, status: string): Promise<unknown> =>
  eventually(async () => expect(condition(await world.request(name), 'Reconciled')).toMatchObject({ status }), { timeoutMs: 15_000 });

async function filesOf(bare: string): Promise<readonly string[]> {
  return (await git(bare, 'ls-tree', '-r', '--name-only', 'main')).trim().split('\n').filter(Boolean);
}

/** git's own server, which tells nobody of pushes. */
async function startStock(): Promise<AsyncDisposable & { readonly url: string; readonly bare: string; create(): Promise<void> }> {
  const world = await startGitWorld();
  const root = join(world.folder, 'stock');
  await mkdir(root);
  const make = async (): Promise<void> => void (await git(root, 'init', '-q', '--bare', 'r.git'));
  await make();
  const backend = await startHttpBackend(root);
  return {
    url: `${backend.url}/r.git`,
    bare: join(root, 'r.git'),
    create: make,
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}
