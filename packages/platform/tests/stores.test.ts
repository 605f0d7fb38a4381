import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bucketStateStores, destinations, gitStateStores, secrets, works, workPlacements, type Destination, type Event, events, type WorkPlacement } from '@plinth/api';
import { forbidden, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { credentials, git, hasSshd, selfSigned, startGitHubLike, startOverSsh, startS3Server, startWorld as startGitWorld } from '@plinth/state-store/testing';
import { silentLogger } from '@plinth/controller-runtime';
import { eventually } from '@plinth/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseEnvironment } from '../src/index.ts';
import { bucketStore, createWork, deleteWork, destination, gitStore, gone, placementOf, ready, secret, work, written } from './store-objects.ts';
import { condition, create, startWorld, type World } from './world.ts';

/** Events that come only when `told` says so. */
async function* late<T>(events: AsyncIterable<T>, told: () => Promise<void>): AsyncGenerator<T> {
  for await (const event of events) {
    await told();
    yield event;
  }
}

const inMemory = { kind: 'GitStateStore', name: 'default' };

describe('a state store', () => {
  it('becomes ready when its Secret comes, follows it when it changes, and is not used without it', async () => {
    await using server = await startGitWorld();
    await using world = await startWorld({}, {}, { gitStore: { url: server.url, secretRef: { name: 'git', namespace: 'default' } } });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'SecretNotFound', message: /^Secret git not found in namespace default$/ });
    await create(world.plane, secret('git', { username: credentials.username, password: 'wrong' }));
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorInitialisingWriter', message: /401/ });
    await world.plane.client.patch(secrets, { namespace: 'default', name: 'git' }, 'merge', { stringData: { password: `${credentials.password}\n` } });
    await ready(world.plane, gitStateStores, 'default', { status: 'True' });
    await world.plane.client.delete(secrets, { namespace: 'default', name: 'git' });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'SecretNotFound' });
    const { items } = await world.plane.client.list<Event>(events, { namespace: 'default' });
    expect(JSON.stringify(items)).not.toContain(credentials.password);
  });

  it('follows a Secret that it shares with a store which has read the change before anybody was told', async () => {
    let opens = 0;
    let told: Promise<void> = Promise.resolve();
    await using world = await startWorld({}, {}, {
      objects: [secret('shared', { username: 'u', password: 'old' })],
      tap: (client) => ({
        client: { ...client, watch: (resource, options) => (resource.plural === secrets.plural ? late(client.watch(resource, options), () => told) : client.watch(resource, options)) },
        store: (store) => {
          opens += 1;
          return store;
        },
      }),
    });
    const spec = { url: 'https://git.test/r', secretRef: { name: 'shared', namespace: 'default' } };
    for (const name of ['a', 'b']) await create(world.plane, gitStore(name, spec));
    for (const name of ['a', 'b', 'default']) await ready(world.plane, gitStateStores, name, { status: 'True' });
    await eventually(() => expect(opens).toBe(3));

    const tell = Promise.withResolvers<void>();
    told = tell.promise;
    await world.plane.client.patch(secrets, { namespace: 'default', name: 'shared' }, 'merge', { stringData: { password: 'new' } });
    await world.plane.client.patch(gitStateStores, { name: 'a' }, 'merge', { spec: { path: 'x' } });
    await eventually(() => expect(opens).toBe(4));
    tell.resolve();
    await eventually(() => expect(opens).toBe(5));
  });

  it.each([
    ['ssh', 'https://git.test/r', {}, /cannot be used: authMethod ssh needs ssh:\/\/user@host\/path or user@host:path$/],
    ['ssh', 'git@git.test:r', { sshPrivateKey: 'x' }, /^Secret keys in namespace default has no key knownHosts$/],
    ['githubApp', 'https://github.com/o/r', { appID: '1', installationID: '2' }, /has no key privateKey$/],
    ['githubApp', 'git@github.com:o/r', {}, /it has to begin with https:/],
    ['basicAuth', 'http://git.test/r', { password: 'x' }, /^the URL "http:\/\/git\.test\/r" cannot be used: it has to begin with https:/],
    ['basicAuth', 'https://git.test/r', { username: 'x' }, /has no key password$/],
  ])('says what is missing for %s at %s', async (authMethod, url, keys, message) => {
    await using world = await startWorld({}, {}, { gitStore: { url, authMethod: authMethod as 'ssh', secretRef: { name: 'keys', namespace: 'default' } }, objects: [secret('keys', keys)] });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorInitialisingWriter', message });
  });

  it('of git takes a GitHub App', async () => {
    await using server = await startGitWorld();
    await using hub = await startGitHubLike(server.server.url, await selfSigned());
    const keys = secret('app', { appID: '17', installationID: '42', privateKey: hub.app.privateKey, 'ca.crt': hub.app.ca! });
    await using world = await startWorld({}, {}, { gitStore: { url: `${hub.url}/o/r`, authMethod: 'githubApp', secretRef: { name: 'app', namespace: 'default' }, gitAuthor: { email: 'p@example.org' } }, objects: [keys] });
    await ready(world.plane, destinations, 'worker', { status: 'True', reason: 'TestDocumentsWritten' });
    expect(await git(server.bare, 'log', '-1', '--format=%s|%an|%ae|%cn', 'main')).toBe('Update from: kratix-canary|kratix|p@example.org|kratix\n');
  });

  it('of git is spoken to as the environment says', async () => {
    await using server = await startGitWorld();
    const tls = await selfSigned();
    await using hub = await startGitHubLike(server.server.url, tls);
    const folder = await mkdtemp(join(tmpdir(), 'authorities-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { gitClient } = parseEnvironment({ KRATIX_TLS_DATA_PATH: folder, KRATIX_GIT_TRACE: '1', KRATIX_GITHUB_APP_CREDS_EXPIRATION_DURATION: '1ms', KRATIX_EXEC_TIMEOUT: '20s', KRATIX_GIT_REQUEST_TIMEOUT: '10s' });
    const lines: string[] = [];
    const note = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const app = { appID: '17', installationID: '42', privateKey: hub.app.privateKey };
    const gitStore = { url: `${hub.url}/o/r`, authMethod: 'githubApp', secretRef: { name: 'app', namespace: 'default' } } as const;
    await using world = await startWorld({}, {}, { gitStore, gitClient, log: { ...silentLogger, info: note }, objects: [secret('app', app)] });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorInitialisingWriter', message: /self-signed certificate/ });
    await writeFile(join(folder, '127.0.0.1'), 'nothing');
    await world.plane.client.patch(secrets, { namespace: 'default', name: 'app' }, 'merge', { metadata: { labels: { try: '2' } }, stringData: { note: '2' } });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorInitialisingWriter', message: /^the file of 127\.0\.0\.1 in KRATIX_TLS_DATA_PATH holds no certificates in PEM$/ });
    await writeFile(join(folder, '127.0.0.1'), tls.cert);
    await world.plane.client.patch(secrets, { namespace: 'default', name: 'app' }, 'merge', { stringData: { note: '3' } });
    await ready(world.plane, destinations, 'worker', { status: 'True', reason: 'TestDocumentsWritten' });
    expect(hub.issued).toBeGreaterThan(1);
    expect(lines.filter((line) => line.startsWith('exchange with a git server') && line.includes('"gitStateStore":"default"') && line.includes('git-receive-pack')).length).toBeGreaterThan(0);
    expect(lines.join()).not.toMatch(/ghs_/);
  });

  it.skipIf(!hasSshd)('of git takes SSH, and refuses a server that it does not know', async () => {
    await using server = await startOverSsh();
    const keys = secret('ssh', { sshPrivateKey: server.ssh.privateKey, knownHosts: `[127.0.0.1]:1 ${server.ssh.knownHosts.split(' ').slice(1).join(' ')}` });
    await using world = await startWorld({}, {}, { gitStore: { url: server.url, authMethod: 'ssh', secretRef: { name: 'ssh', namespace: 'default' } }, objects: [keys] });
    await ready(world.plane, gitStateStores, 'default', { status: 'False', reason: 'ErrorInitialisingWriter', message: /host key is not the one in knownHosts/ });
    await world.plane.client.patch(secrets, { namespace: 'default', name: 'ssh' }, 'merge', { stringData: { knownHosts: server.ssh.knownHosts } });
    await ready(world.plane, destinations, 'worker', { status: 'True' });
    expect(await git(server.bare, 'ls-tree', '-r', '--name-only', 'main')).toBe('worker/dependencies/kratix-canary-namespace.yaml\nworker/resources/kratix-canary-configmap.yaml\n');
  });

  it('of a bucket says which bucket or key is wrong', async () => {
    await using s3 = await startS3Server();
    const spec = { bucketName: 'missing', endpoint: s3.endpoint, insecure: true, secretRef: { name: 's3', namespace: 'default' } };
    await using world = await startWorld({}, {}, { objects: [bucketStore('s3', spec), secret('s3', { accessKeyID: s3.accessKey.id })] });
    await ready(world.plane, bucketStateStores, 's3', { status: 'False', reason: 'ErrorInitialisingWriter', message: /has no key secretAccessKey$/ });
    await world.plane.client.patch(secrets, { namespace: 'default', name: 's3' }, 'merge', { stringData: { secretAccessKey: s3.accessKey.secret } });
    await ready(world.plane, bucketStateStores, 's3', { status: 'False', reason: 'ErrorValidatingPermissions', message: /NoSuchBucket/ });
    await world.plane.client.patch(bucketStateStores, { name: 's3' }, 'merge', { spec: { bucketName: s3.bucket } });
    await ready(world.plane, bucketStateStores, 's3', { status: 'True' });
  });
});

describe('the layout of a Destination', () => {
  it('none: a file is of the placement that wrote it first; the other one says so, and gets it when the first lets go', async () => {
    await using world = await startGit(destination('plain', inMemory, { filepath: { mode: 'none' } }));
    await createWork(world.plane, 'one', 'plain', { 'app.yaml': 'one', 'b.yaml': 'b' });
    const first = await written(world.plane, 'one');
    expect(first.metadata.finalizers).toEqual(['finalizers.workplacement.kratix.io/repo-cleanup', 'finalizers.workplacement.kratix.io/kratix-dot-files-cleanup']);
    await createWork(world.plane, 'two', 'plain', { 'app.yaml': 'two' });
    await written(world.plane, 'two', 'False', /^cannot write plain\/app\.yaml: it belongs to the placement default-one\.plain-5058f, which wrote it first$/);
    expect(await world.show('plain/app.yaml')).toBe('one');
    await world.restart();
    await deleteWork(world.plane, 'one');
    await gone(world.plane, 'one');
    await written(world.plane, 'two');
    expect(await world.show('plain/app.yaml')).toBe('two');
    expect(await world.show('plain/.kratix/default-two.plain-5058f.yaml')).toBe('files:\n- plain/app.yaml\n');
    expect((await world.files()).filter((path) => path.startsWith('plain/'))).toEqual(['plain/.kratix/default-two.plain-5058f.yaml', 'plain/app.yaml', 'plain/kratix-canary-configmap.yaml', 'plain/kratix-canary-namespace.yaml']);
  });

  it('none: a placement writes over the record of no other one, whatever its name', async () => {
    await using world = await startGit(destination('plain', inMemory, { filepath: { mode: 'none' } }));
    for (const name of ['team', 'team-a']) await create(world.plane, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
    const make = (namespace: string, name: string, path: string): Promise<void> => {
      const made = work(name, 'plain', { [path]: namespace }) as unknown as KubeObject;
      return create(world.plane, { ...made, metadata: { ...made.metadata, namespace } });
    };
    const said = async (namespace: string): Promise<string> => {
      const { items } = await world.plane.client.list<WorkPlacement>(workPlacements, { namespace });
      return String(condition(items[0]!, 'WriteSucceeded')?.['message']);
    };
    await make('team-a', 'x', 'theirs.yaml');
    await eventually(async () => expect(await world.show('plain/theirs.yaml')).toBe('team-a'));
    await make('team', 'a-x', 'mine.yaml');
    await eventually(async () => expect(await said('team')).toBe('cannot write its files: team-a/x.plain-5058f has the same record in .kratix, and was there first'));
    expect(await world.show('plain/.kratix/team-a-x.plain-5058f.yaml')).toBe('files:\n- plain/theirs.yaml\n');
    await world.plane.client.delete(works, { namespace: 'team-a', name: 'x' });
    await eventually(async () => expect((await world.files()).filter((path) => /theirs|mine/.test(path))).toEqual(['plain/mine.yaml']));
    await make('team-a', 'x', 'theirs.yaml');
    await eventually(async () => expect(await said('team-a')).toContain('team/a-x.plain-5058f has the same record'));
    await world.plane.client.delete(works, { namespace: 'team-a', name: 'x' });
    await eventually(async () => expect((await world.plane.client.list(workPlacements, { namespace: 'team-a' })).items).toEqual([]));
    expect(await world.show('plain/mine.yaml')).toBe('team');
  });

  it('none: what would leave the folder is refused, and such a placement, never written, goes at once', async () => {
    await using world = await startGit(destination('plain', inMemory, { filepath: { mode: 'none' } }));
    await createWork(world.plane, 'bad', 'plain', { '../../escape.yaml': 'x' });
    await written(world.plane, 'bad', 'False', /^path "\.\.\/\.\.\/escape\.yaml" leaves its folder: "\.\." is not allowed$/);
    await deleteWork(world.plane, 'bad');
    await gone(world.plane, 'bad');
  });

  it('aggregatedYAML: one file of all, in the order of names, in few commits', async () => {
    await using world = await startGit(destination('all', inMemory, { filepath: { mode: 'aggregatedYAML' } }));
    await ready(world.plane, destinations, 'all', { status: 'True' });
    const before = await world.commits();
    const names = Array.from({ length: 40 }, (_, at) => `w${String(at).padStart(2, '0')}`);
    await Promise.all(names.map((name) => createWork(world.plane, name, 'all', { 'x.yaml': `kind: ${name}\n` })));
    for (const name of names) await written(world.plane, name);
    expect(await world.show('all/aggregated.yaml')).toBe(names.map((name) => `kind: ${name}\n`).join('---\n'));
    expect((await world.commits()) - before).toBeLessThan(20);
    await Promise.all(names.slice(1).map((name) => deleteWork(world.plane, name)));
    for (const name of names.slice(1)) await gone(world.plane, name);
    expect(await world.show('all/aggregated.yaml')).toBe('kind: w00\n');
    await deleteWork(world.plane, 'w00');
    await gone(world.plane, 'w00');
    expect(await world.files()).not.toContain('all/aggregated.yaml');
  });

  it('nestedByMetadata: makes few commits of many placements, and writes them anew where the Destination points next', async () => {
    await using world = await startGit(destination('red', inMemory));
    await ready(world.plane, destinations, 'red', { status: 'True' });
    const before = await world.commits();
    await Promise.all(Array.from({ length: 200 }, (_, at) => createWork(world.plane, `w${at}`, 'red', { 'a.yaml': `${at}` })));
    await eventually(async () => expect((await world.files()).filter((path) => path.startsWith('red/resources/default/p/'))).toHaveLength(200), { timeoutMs: 20_000 });
    expect((await world.commits()) - before).toBeLessThan(60);
    await world.plane.client.patch(destinations, { name: 'red' }, 'merge', { spec: { path: 'crimson' } });
    await eventually(async () => expect((await world.files()).filter((path) => path.startsWith('crimson/resources/default/p/'))).toHaveLength(200), { timeoutMs: 20_000 });
  });
});

describe('a Destination', () => {
  it('whose path changes while placements are being written gets them at its new one', async () => {
    const known = Promise.withResolvers<void>();
    await using world = await startWorld({}, {}, {
      objects: [destination('red', inMemory)],
      tap: (client) => ({
        client,
        store: (store) => ({
          ...store,
          write: async (change, options) => {
            const outcome = await store.write(change, options);
            if (!change.name.includes('canary')) await known.promise;
            return outcome;
          },
        }),
      }),
    });
    const stands = (folder: string) => eventually(() => expect([...world.store.files.keys()].filter((path) => path.startsWith(folder))).not.toEqual([]));
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await stands('red/resources/default/p/');
    await world.plane.client.patch(destinations, { name: 'red' }, 'merge', { spec: { path: 'crimson' } });
    // The canary is there: the platform knows of the new path.
    await stands('crimson/');
    known.resolve();
    await stands('crimson/resources/default/p/');
  });

  it('with cleanup all takes its placements, files and canaries along', async () => {
    await using world = await startGit(destination('red', inMemory, { cleanup: 'all' }));
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await written(world.plane, 'one');
    await world.plane.client.delete(destinations, { name: 'red' });
    await isGone(world, 'red');
    expect((await world.files()).filter((path) => path.startsWith('red/'))).toEqual([]);
  });

  it('with cleanup all can go although its store has gone, and says what it left', async () => {
    await using world = await startGit(destination('red', inMemory, { cleanup: 'all' }));
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await written(world.plane, 'one');
    await world.plane.client.delete(gitStateStores, { name: 'default' });
    await ready(world.plane, destinations, 'red', { status: 'False', reason: 'StateStoreNotFound', message: /^GitStateStore\/default: not found$/ });
    await world.plane.client.delete(destinations, { name: 'red' });
    await isGone(world, 'red');
    await eventually(async () => {
      const { items } = await world.plane.client.list<Event>(events);
      expect(items.map((event) => event.note)).toContain('GitStateStore/default is gone: the files of 1 placements below "red" cannot be removed from it and stay where they are');
    });
    expect(await world.files()).toContain('red/resources/default/p/one/configure/5058f/a.yaml');
  });

  it('with cleanup none goes at once; what comes back under its name finds its placements and files', async () => {
    await using world = await startGit(destination('red', inMemory));
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await written(world.plane, 'one');
    await world.plane.client.delete(destinations, { name: 'red' });
    await isGone(world, 'red');
    const placement = await placementOf(world.plane, 'one');
    expect(placement.metadata.finalizers).toEqual(['finalizers.workplacement.kratix.io/repo-cleanup']);
    await world.plane.client.patch(workPlacements, { namespace: 'default', name: placement.metadata.name }, 'merge', { metadata: { labels: { touched: 'yes' } } });
    await create(world.plane, destination('red', inMemory));
    await ready(world.plane, destinations, 'red', { status: 'True' });
    await world.plane.client.patch(works, { namespace: 'default', name: 'one' }, 'merge', { spec: work('one', 'red', { 'b.yaml': 'b' }).spec });
    await eventually(async () => expect((await world.files()).filter((path) => path.includes('/p/one/'))).toEqual(['red/resources/default/p/one/configure/5058f/b.yaml']), { timeoutMs: 15_000 });
    expect((await placementOf(world.plane, 'one')).metadata.finalizers).toEqual(['finalizers.workplacement.kratix.io/repo-cleanup']);
  });

  it('whose finalizer is refused says so, and has it when it may', async () => {
    let isRefused = true;
    const refusing = (client: Client): Client => ({
      ...client,
      patch: async <T extends KubeObject>(...[resource, key, kind, patch, options]: Parameters<Client['patch']>): Promise<T> => {
        if (isRefused && resource.plural === 'destinations' && !options?.subresource) throw forbidden(resource, key.name, 'not now');
        return client.patch<T>(resource, key, kind, patch, options);
      },
    });
    await using world = await startWorld({}, {}, { objects: [destination('red', inMemory, { cleanup: 'all' })], tap: (client) => ({ client: refusing(client) }) });
    await ready(world.plane, destinations, 'red', { status: 'False', reason: 'DestinationFinalizerUpdateFailed', message: /^cannot add the finalizer kratix\.io\/destination-cleanup: .*not now/ });
    isRefused = false;
    const { metadata } = await ready(world.plane, destinations, 'red', { status: 'True', reason: 'TestDocumentsWritten' });
    expect(metadata.finalizers).toEqual(['kratix.io/destination-cleanup']);
  });

  it('whose path leaves the store says so', async () => {
    await using world = await startGit(destination('red', inMemory, { path: '../other' }));
    await ready(world.plane, destinations, 'red', { status: 'False', reason: 'StateStoreWriteFailed', message: /leaves its folder/ });
    await createWork(world.plane, 'one', 'red', { 'a.yaml': 'a' });
    await written(world.plane, 'one', 'False', /leaves its folder/);
    await world.plane.client.patch(destinations, { name: 'red' }, 'merge', { spec: { path: 'red' } });
    await written(world.plane, 'one');
  });

  it('without initWorkloads has no canaries', async () => {
    await using world = await startGit(destination('red', inMemory, { initWorkloads: { enabled: false } }));
    await ready(world.plane, destinations, 'red', { status: 'True', reason: 'DestinationReady', message: /^Destination is ready$/ });
    await world.plane.client.patch(destinations, { name: 'red' }, 'merge', { spec: { initWorkloads: { enabled: true } } });
    await ready(world.plane, destinations, 'red', { status: 'True', reason: 'TestDocumentsWritten' });
    expect(await world.files()).toContain('red/resources/kratix-canary-configmap.yaml');
    await world.plane.client.patch(destinations, { name: 'red' }, 'merge', { spec: { initWorkloads: { enabled: false } } });
    await ready(world.plane, destinations, 'red', { status: 'True', reason: 'DestinationReady' });
    expect((await world.files()).filter((path) => path.startsWith('red/'))).toEqual([]);
  });
});

interface GitWorld extends World {
  files(): Promise<readonly string[]>;
  show(path: string): Promise<string>;
  commits(): Promise<number>;
}

/** A platform with a real git repository and one more Destination. */
async function startGit(...objects: readonly KubeObject[]): Promise<GitWorld> {
  const server = await startGitWorld();
  const world = await startWorld({}, {}, { gitStore: { url: server.url, secretRef: { name: 'git', namespace: 'default' } }, objects: [secret('git', credentials), ...objects] });
  return {
    ...world,
    files: async () => ((await readdir(server.bare)).length === 0 ? [] : (await git(server.bare, 'ls-tree', '-r', '--name-only', 'main')).trim().split('\n').filter(Boolean)),
    show: (path) => git(server.bare, 'show', `main:${path}`),
    commits: async () => Number(await git(server.bare, 'rev-list', '--count', 'main')),
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const isGone = (world: World, name: string): Promise<unknown> => eventually(async () => (await world.plane.client.find<Destination>(destinations, { name })) === undefined, { timeoutMs: 15_000 });

