import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startGitServer } from '@plinth/git';
import { credentials, fsck, git, startHttpBackend, startWorld } from '@plinth/git/testing';
import { describe, expect, it } from 'vitest';
import { GitStateStore } from '../src/index.ts';
import type { GitStateStoreOptions } from '../src/index.ts';
import { directory, files, stateStoreConformance, text, versionOf } from './conformance.ts';

stateStoreConformance('a git repository of ours', async () => {
  const world = await startWorld();
  return { open: () => GitStateStore.open({ url: world.url, branch: 'main', auth: credentials }), [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
});

stateStoreConformance('a folder of a repository behind git http-backend', async () => {
  const stock = await startStock();
  return { open: () => GitStateStore.open({ url: stock.url, branch: 'main', path: '/clusters/', auth: credentials }), [Symbol.asyncDispose]: () => stock[Symbol.asyncDispose]() };
});

describe('GitStateStore', () => {
  it('makes one commit of what is ready at once, named after it, by its author', async () => {
    await using world = await startWorld();
    await using store = await open(world.url, { author: { name: 'Platform', email: 'p@example.org' }, now: () => new Date(1_700_000_000_000) });
    const one = await store.write(directory('d/one', { a: '1' }, 'wp-one'));
    const many = await Promise.all(Array.from({ length: 40 }, (_, at) => store.write(directory(`d/${at}`, { a: '1' }, `wp-${at}`))));
    await store.writeAll([directory('d/one', {}, 'wp-one'), directory('d/3', {}, 'wp-3')]);
    await store.write(directory('d/4', {}, 'wp-4'));
    await store.writeAll([directory('d/5', {}, 'wp-5'), directory('d/6', { a: '2' }, 'wp-6')]);
    expect(new Set(many.map(versionOf)).size).toBe(1);
    const log = (await git(world.bare, 'log', '--reverse', '--format=%s|%an|%ae|%ct', 'main')).trim().split('\n');
    expect(log.map((line) => line.split('|')[0])).toEqual(['Update from: wp-one', 'Update from: 40 placements', 'Delete from: 2 placements', 'Delete from: wp-4', 'Update from: 1 placements, delete from: 1']);
    expect(log[0]).toBe('Update from: wp-one|Platform|p@example.org|1700000000');
    expect(await git(world.bare, 'log', '-1', '--format=%b', versionOf(many[0]!)!)).toContain('Update from: wp-39\n');
    expect((await git(world.bare, 'rev-list', '--reverse', 'main')).split('\n')[0]).toBe(versionOf(one));
    await fsck(world.bare);
  });

  it('knows which of its commits contains which, and of a directory that stood by since when', async () => {
    await using world = await startWorld();
    await using store = await open(world.url);
    const first = versionOf(await store.write(directory('d/one', { a: '1' })))!;
    const [, again] = await store.writeAll([directory('d/two', { a: '1' }), directory('d/one', { a: '1' })]);
    const second = (await git(world.bare, 'rev-parse', 'main')).trim();
    expect([store.contains(second, first), store.contains(first, second)]).toEqual([true, false]);
    expect(again).toEqual({ outcome: 'unchanged', versionId: first });
    await using later = await open(world.url);
    expect([later.contains(second, first), later.contains(second, second)]).toEqual([undefined, true]);
  });

  it('gathers what comes while a push is under way into the next commit', async () => {
    await using world = await startWorld();
    await using store = await open(world.url);
    const first = store.write(directory('d/first', { a: '1' }));
    const running = { yes: true };
    void first.then(() => (running.yes = false));
    const later = [];
    while (running.yes && later.length < 200) {
      later.push(store.write(directory(`d/${later.length}`, { a: '1' })));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const outcomes = await Promise.all(later);
    expect(outcomes.length).toBeGreaterThan(1);
    expect(new Set(outcomes.map(versionOf)).size).toBeLessThanOrEqual(2);
  });

  it('builds on what others pushed, and repairs what they took away', async () => {
    await using world = await startWorld();
    const seen: (string | undefined)[] = [];
    await using store = await open(world.url, { onForeignChange: ({ current }) => seen.push(current) });
    await store.write(directory('d/one', { a: '1' }));
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    await git(work, 'rm', '-rq', 'd/one');
    await git(work, 'commit', '-qm', 'by hand');
    await git(work, 'push', '-q', 'origin', 'main');
    const foreign = (await git(work, 'rev-parse', 'HEAD')).trim();
    expect(await store.write(directory('d/one', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(seen).toEqual([foreign]);
    expect(await git(world.bare, 'show', 'main:d/one/a')).toBe('1');

    // History rewritten: what is there now counts.
    await git(work, 'commit', '-q', '--amend', '--allow-empty', '-m', 'rewritten');
    await git(work, 'push', '-qf', 'origin', 'main');
    expect(await store.write(directory('d/two', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(await store.list('')).toEqual(['d/two/a']);
    await fsck(world.bare);
  });

  it('hears of foreign pushes at once from a server that tells', async () => {
    await using world = await startWorld({ repositories: [{ owner: 'o', name: 'r', initialFiles: { a: 'a' } }] });
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    await using _ = await open(world.url, { onForeignChange: ({ current }) => resolve(current) });
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'by hand');
    await git(work, 'push', '-q', 'origin', 'main');
    expect(await promise).toBe((await git(work, 'rev-parse', 'HEAD')).trim());
  });

  it('writes again into a repository that was wiped', async () => {
    await using world = await startWorld();
    const dataDir = join(world.folder, 'second');
    const options = { dataDir, credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }] };
    const server = await startGitServer(options);
    const seen: (string | undefined)[] = [];
    await using store = await open(`${server.url}/o/r`, { onForeignChange: ({ current }) => seen.push(current) });
    await store.write(directory('d/one', { a: '1' }));
    await server[Symbol.asyncDispose]();
    await rm(join(dataDir, 'o'), { recursive: true });
    await using again = await startGitServer({ ...options, port: server.port });
    await store.probe();
    expect(seen).toEqual([undefined]);
    expect(await store.write(directory('d/one', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(await store.list('')).toEqual(['d/one/a']);
    expect(again.port).toBe(server.port);
  });

  it('waits a moment for a server that is away, then says what is wrong and works again when it is back', async () => {
    await using world = await startWorld();
    const options = { dataDir: join(world.folder, 'second'), credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }] };
    const server = await startGitServer(options);
    await using store = await open(`${server.url}/o/r`, { attempts: 2 });
    await store.write(directory('d/one', { a: '1' }));
    await server[Symbol.asyncDispose]();
    const failed = await store.write(directory('d/two', { a: '1' }, 'wp-two'));
    expect(failed).toMatchObject({ outcome: 'failed', error: { reason: 'unreachable', message: expect.stringMatching(/^cannot write wp-two to branch "main": .*connection refused$/) } });
    await using again = await startGitServer({ ...options, port: server.port });
    expect(await store.write(directory('d/two', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(again.port).toBe(server.port);
  });

  it('waits once, and no more, for a server that takes the connection and does not answer', async () => {
    await using world = await startWorld();
    await using proxy = await startForgetfulProxy(world.server.port);
    await using store = await open(`${proxy.url}/o/r`, { timeoutMs: 300 });
    proxy.hang(true);
    const began = performance.now();
    expect(await store.write(directory('d/one', { a: '1' }))).toMatchObject({ outcome: 'failed', error: { reason: 'unreachable', message: expect.stringContaining('no answer within 300 ms') } });
    expect(performance.now() - began).toBeLessThan(1000);
    proxy.hang(false);
    expect(await store.write(directory('d/one', { a: '1' }))).toMatchObject({ outcome: 'written' });
  });

  it('knows its own commit when the answer to the push got lost', async () => {
    await using world = await startWorld();
    await using proxy = await startForgetfulProxy(world.server.port);
    await using store = await open(`${proxy.url}/o/r`);
    proxy.loseNextPushAnswer();
    const outcome = await store.write(directory('d/one', { a: '1' }));
    expect(outcome).toMatchObject({ outcome: 'written' });
    expect((await git(world.bare, 'rev-list', 'main')).trim()).toBe(versionOf(outcome));
  });

  it('writes what a hook lets in when it refuses something else of the same commit', async () => {
    await using stock = await startStock();
    await using store = await open(stock.url);
    await store.write(directory('d/first', { a: '1' }));
    const hook = (script: string): Promise<void> => writeFile(join(stock.bare, 'hooks/pre-receive'), `#!/bin/sh\nread old new ref\n${script}\n`, { mode: 0o755 });
    await hook('if git grep -q SECRET "$new"; then echo "push declined: a secret in the files" >&2; exit 1; fi');
    const outcomes = await store.writeAll(Array.from({ length: 20 }, (_, at) => directory(`d/${at}`, { a: at === 7 ? 'SECRET' : '1' }, `wp-${at}`)));
    expect(outcomes.map((each) => each.outcome)).toEqual(Array.from({ length: 20 }, (_, at) => (at === 7 ? 'failed' : 'written')));
    expect(outcomes[7]).toMatchObject({
      error: { reason: 'rejected', message: 'cannot write wp-7 to branch "main": the git server refused to move branch main: pre-receive hook declined: push declined: a secret in the files', hint: expect.stringContaining('hooks') },
    });
    // Where nothing is let in, few tries show it.
    await hook('echo x >> tries; exit 1');
    const refused = await store.writeAll(Array.from({ length: 200 }, (_, at) => directory(`e/${at}`, { a: '1' }, `wp-${at}`)));
    expect(refused.every((each) => each.outcome === 'failed')).toBe(true);
    expect((await readFile(join(stock.bare, 'tries'), 'utf8')).length / 2).toBeLessThan(20);
    await hook('exit 0');
    expect(await store.write(directory('e/1', { a: '1' }))).toMatchObject({ outcome: 'written' });
    await fsck(stock.bare);
  });

  it('says which credential, branch or repository is wrong', async () => {
    await using world = await startWorld({ repositories: [{ owner: 'o', name: 'r', initialFiles: { a: 'a' } }] });
    await expect(open(world.url, { branch: 'missing' })).rejects.toMatchObject({ reason: 'not-found', message: expect.stringContaining('has no branch "missing", it has: main') });
    await expect(open(`${world.server.url}/o/none`)).rejects.toMatchObject({ reason: 'not-found' });
    await expect(open(world.url, { auth: { username: 'gitea_admin', password: 'wrong-secret' } })).rejects.toMatchObject({ reason: 'unauthorized', hint: expect.stringContaining('Secret'), message: expect.not.stringContaining('wrong-secret') });
    await expect(open('ssh://git@host/x')).rejects.toMatchObject({ message: expect.stringContaining('ssh://git@host/x needs a private key and known hosts') });
    await expect(open('file:///x')).rejects.toMatchObject({ message: expect.stringContaining('http, https and ssh are supported') });
    const { auth: _, ...anonymous } = optionsFor(world.url);
    await using reader = await GitStateStore.open(anonymous);
    expect(text(await reader.read('a'))).toBe('a');
    await expect(reader.probe()).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('cannot check the permission to write') });
    expect(await reader.write(files({ b: 'b' }))).toMatchObject({ outcome: 'failed', error: { reason: 'unauthorized' } });
  });
});

function optionsFor(url: string): GitStateStoreOptions {
  return { url, branch: 'main', auth: credentials, attempts: 6 };
}

function open(url: string, options: Partial<GitStateStoreOptions> = {}): Promise<GitStateStore> {
  return GitStateStore.open({ ...optionsFor(url), ...options });
}

async function startStock(): Promise<AsyncDisposable & { readonly url: string; readonly bare: string }> {
  const world = await startWorld();
  const root = join(world.folder, 'stock');
  await mkdir(root);
  await git(root, 'init', '-q', '--bare', 'r.git');
  const backend = await startHttpBackend(root);
  return {
    url: `${backend.url}/r.git`,
    bare: join(root, 'r.git'),
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Passes requests on, and can break the connection after a push has been carried out, before the answer. */
async function startForgetfulProxy(port: number): Promise<AsyncDisposable & { readonly url: string; loseNextPushAnswer(): void; hang(yes: boolean): void }> {
  let [lose, isHanging] = [false, false];
  const server = createServer((request, response) => {
    void (async () => {
      if (isHanging) return;
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
      const answer = await fetch(`http://127.0.0.1:${port}${request.url!}`, { method: request.method!, headers, ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}) });
      const body = Buffer.from(await answer.arrayBuffer());
      if (lose && request.url!.endsWith('/git-receive-pack')) {
        lose = false;
        response.destroy();
        return;
      }
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextPushAnswer: () => (lose = true),
    hang: (yes) => (isHanging = yes),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
