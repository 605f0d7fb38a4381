import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildTree, decodeCommit, encodeCommit, GitRemote, GitRemoteError, hashObject, signature, zeroId } from '../src/index.ts';
import type { GitExchange, ObjectId, PushObject, SshOptions } from '../src/index.ts';
import { credentials, fsck, git, startWorld } from './helpers.ts';
import { startHttpBackend } from './http-backend.ts';
import { hasSshd, startOverSsh } from './ssh-server.ts';

interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly bare: string;
  readonly ssh?: SshOptions;
}

const peers: readonly (readonly [string, () => Promise<Peer>])[] = [
  ['our server', startWorld],
  ['git http-backend', () => startStock({})],
  ['git http-backend without filters', () => startStock({ allowFilter: false })],
  ...(hasSshd ? ([['git over SSH', () => startOverSsh({ acceptProtocol: true })]] as const) : []),
];

describe.each(peers)('GitRemote with %s', (name, start) => {
  it('finds an empty repository, pushes to it, and reads it back', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    expect(await remote.lsRefs()).toEqual([]);
    const first = commit({ 'a.txt': 'a\n', 'dir/b.txt': 'b\n' }, []);
    expect(await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: first.id }], objects: first.objects })).toEqual([{ ref: 'refs/heads/main', ok: true }]);
    expect(await remote.lsRefs({ prefixes: ['refs/heads/main'] })).toEqual([{ name: 'refs/heads/main', id: first.id }]);
    expect((await remote.lsRefs({ prefixes: ['HEAD'] }))[0]).toMatchObject({ name: 'HEAD', symrefTarget: 'refs/heads/main' });
    const { pack, shallow } = await remote.fetch({ wants: [first.id] });
    for (const object of first.objects) expect(pack!.read(object.id)?.data.equals(object.data)).toBe(true);
    expect(shallow).toEqual([]);
    await fsck(peer.bare);
  });

  it('fetches one commit deep, and later only what is new', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`dir/${at}.txt`, `${at}\n`]));
    const first = commit(files, []);
    const second = commit({ ...files, 'dir/7.txt': 'changed\n' }, [first.id]);
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: second.id }], objects: [...first.objects, ...second.objects] });
    const shallow = await remote.fetch({ wants: [second.id], depth: 1 });
    expect(shallow.pack!.has(second.id)).toBe(true);
    expect(shallow.pack!.has(first.id)).toBe(false);
    expect(shallow.shallow).toEqual([second.id]);

    const third = commit({ ...files, 'dir/7.txt': 'changed again\n' }, [second.id]);
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: second.id, new: third.id }], objects: third.objects });
    const next = await remote.fetch({ wants: [third.id], haves: [second.id], shallow: [second.id], depth: 1, base: (id) => shallow.pack!.read(id) });
    expect(next.pack!.places.map((place) => place.type).toSorted()).toEqual(['blob', 'commit', 'tree', 'tree']);
  });

  it('leaves blobs out where the server can, and never breaks where it cannot', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    const first = commit({ 'a.txt': 'a\n' }, []);
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: first.id }], objects: first.objects });
    const types = (await remote.fetch({ wants: [first.id], depth: 1, filter: 'blob:none' })).pack!.places.map((place) => place.type);
    expect(types.includes('blob')).toBe(!(await remote.supportsFilter()));
    const blob = hashObject('blob', Buffer.from('a\n'));
    expect((await remote.fetch({ wants: [blob] })).pack!.read(blob)?.data.toString()).toBe('a\n');
  });

  it('sends the difference of a large tree, which the server makes whole', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`${at}.txt`, `${at}\n`]));
    const first = commit(files, []);
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: first.id }], objects: first.objects });
    const second = commit({ ...files, '7.txt': 'changed\n' }, [first.id]);
    const base = first.objects.find((object) => object.type === 'tree')!;
    const objects = second.objects.filter((object) => !first.objects.some(({ id }) => id === object.id)).map((object) => (object.type === 'tree' ? { ...object, base } : object));
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: first.id, new: second.id }], objects });
    await fsck(peer.bare);
    expect(await git(peer.bare, 'show', 'main:7.txt')).toBe('changed\n');
  });

  it('says of each ref why it was not moved', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    const first = commit({ 'a.txt': 'a\n' }, []);
    await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: first.id }], objects: first.objects });
    const second = commit({ 'a.txt': 'b\n' }, [first.id]);
    const [outcome] = await remote.push({ updates: [{ ref: 'refs/heads/main', old: second.id, new: second.id === first.id ? zeroId : second.id }], objects: second.objects });
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(/./) });
    expect((await remote.lsRefs({ prefixes: ['refs/heads/'] }))[0]?.id).toBe(first.id);
  });

  it.skipIf(name === 'our server')('passes on what a hook of the server says', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    await mkdir(join(peer.bare, 'hooks'), { recursive: true });
    await writeFile(join(peer.bare, 'hooks/pre-receive'), '#!/bin/sh\necho "main is frozen" >&2\nexit 1\n', { mode: 0o755 });
    const first = commit({ 'a.txt': 'a\n' }, []);
    const [outcome] = await remote.push({ updates: [{ ref: 'refs/heads/main', old: zeroId, new: first.id }], objects: first.objects });
    expect(outcome).toEqual({ ref: 'refs/heads/main', ok: false, reason: 'pre-receive hook declined: main is frozen' });
  });

  it('checks the permission to push without leaving a trace', async () => {
    await using peer = await start();
    using remote = new GitRemote({ url: peer.url, auth: credentials, ssh: peer.ssh });
    await remote.checkPush();
    expect(await remote.lsRefs()).toEqual([]);
    const asStranger = async (): Promise<void> => {
      using stranger = new GitRemote({ url: peer.url });
      await stranger.checkPush();
    };
    await expect(asStranger()).rejects.toMatchObject({ reason: 'unauthorized' });
  });
});

describe('GitRemote', () => {
  it('tells apart why a server cannot be used', async () => {
    await using world = await startWorld();
    const reasonOf = async (url: string, auth = credentials): Promise<string> => {
      using remote = new GitRemote({ url, auth, timeoutMs: 2000 });
      return await remote.lsRefs().then(() => 'fine', (error: GitRemoteError) => error.reason);
    };
    expect(await reasonOf(world.url)).toBe('fine');
    expect(await reasonOf(`${world.server.url}/o/missing`)).toBe('not-found');
    expect(await reasonOf(world.url, { username: 'x', password: 'y' })).toBe('unauthorized');
    expect(await reasonOf('http://127.0.0.1:1/o/r')).toBe('unreachable');
    expect(await reasonOf(world.server.url)).toBe('not-found');
  });

  it('gives up on a server that does not answer, and never shows the password', async () => {
    await using silent = await startRaw(() => {});
    using remote = new GitRemote({ url: `http://user:secret@127.0.0.1:${silent.port}/o/r`, timeoutMs: 100 });
    const error = await remote.lsRefs().catch((caught: GitRemoteError) => caught);
    expect(error).toMatchObject({ reason: 'timeout', message: expect.stringContaining('no answer within 100 ms') });
    expect(JSON.stringify(error) + String(error) + remote.url).not.toContain('secret');
  });

  it('tells of each exchange, and of no credentials', async () => {
    await using world = await startWorld();
    const exchanges: GitExchange[] = [];
    using remote = new GitRemote({ url: world.url, auth: credentials, trace: (exchange) => exchanges.push(exchange) });
    await remote.lsRefs();
    await remote.fetch({ wants: ['1'.repeat(40)] }).catch(() => {});
    const of = { url: world.url, service: 'git-upload-pack', durationMs: expect.any(Number) };
    expect(exchanges).toEqual([
      { ...of, type: 'hello', sentBytes: 0, receivedBytes: expect.any(Number) },
      { ...of, type: 'request', sentBytes: expect.any(Number), receivedBytes: expect.any(Number) },
      { ...of, type: 'request', sentBytes: expect.any(Number), ...(exchanges[2]?.error ? { error: expect.any(GitRemoteError) } : { receivedBytes: expect.any(Number) }) },
    ]);
    expect(JSON.stringify(exchanges)).not.toContain(credentials.password);
  });

  it('refuses an answer beyond its bounds, a page instead of git, and rubbish', async () => {
    const answers = { large: Buffer.alloc(5000, 'x'), page: Buffer.from('<html>'), rubbish: Buffer.from('zzzz') };
    await using server = await startRaw((path, respond) => {
      const key = path.split('/')[1] as keyof typeof answers;
      respond(key === 'page' ? 'text/html' : 'application/x-git-upload-pack-advertisement', answers[key]);
    });
    for (const [key, reason] of [['large', 'too-large'], ['page', 'protocol'], ['rubbish', 'protocol']] as const) {
      using remote = new GitRemote({ url: `http://127.0.0.1:${server.port}/${key}`, maxResponseBytes: 1000 });
      await expect(remote.lsRefs()).rejects.toMatchObject({ reason });
    }
  });
});

function commit(files: Readonly<Record<string, string>>, parents: readonly ObjectId[]): { readonly id: ObjectId; readonly objects: readonly PushObject[] } {
  const { tree, objects } = buildTree(Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })));
  const who = signature('someone', 's@example.org', new Date(1_700_000_000_000));
  const data = encodeCommit({ tree, parents, author: who, committer: who, message: `with ${parents.length} parents\n` });
  expect(decodeCommit(data)).toMatchObject({ tree, parents });
  const id = hashObject('commit', data);
  return { id, objects: [{ id, type: 'commit', data }, ...objects.flatMap((object) => ('data' in object ? [object] : []))] };
}

async function startStock(options: { readonly allowFilter?: boolean }): Promise<Peer> {
  const world = await startWorld();
  const root = join(world.folder, 'stock');
  await mkdir(root);
  await git(root, 'init', '-q', '--bare', 'r.git');
  const backend = await startHttpBackend(root, options);
  return {
    url: `${backend.url}/r.git`,
    bare: join(root, 'r.git'),
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function startRaw(answer: (path: string, respond: (type: string, body: Buffer) => void) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => answer(request.url!, (type, body) => response.writeHead(200, { 'content-type': type }).end(body)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
