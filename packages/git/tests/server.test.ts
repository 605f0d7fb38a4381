import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GitRemote, Repository, startGitServer } from '../src/index.ts';
import { selfSigned } from './certificate.ts';
import { credentials, git, startWorld, withCredentials } from './helpers.ts';

const authorization = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

describe('who may do what', () => {
  it('lets anybody on this machine read and only those with credentials push', async () => {
    await using world = await startWorld();
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> => (await fetch(world.server.url + path, { headers })).status;
    expect(await status('/o/r/info/refs?service=git-upload-pack')).toBe(200);
    expect(await status('/o/r.git/info/refs?service=git-upload-pack')).toBe(200);
    expect(await status('/o/r/info/refs?service=git-receive-pack')).toBe(401);
    expect(await status('/o/r/info/refs?service=git-receive-pack', { authorization })).toBe(200);
    expect(await status('/o/r/info/refs?service=git-receive-pack', { authorization: 'Basic eDp5' })).toBe(401);
    expect(await status('/', { authorization: 'Basic eDp5' })).toBe(401);
    const challenge = await fetch(`${world.url}/git-receive-pack`, { method: 'POST' });
    expect([challenge.status, challenge.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Plinth git", charset="UTF-8"']);
  });

  it('asks everybody for credentials where reading is for nobody', async () => {
    await using world = await startWorld({ anonymousRead: 'never' });
    for (const path of ['/', '/o/r', '/o/r/info/refs?service=git-upload-pack', '/o/r/-/events', '/no/such']) expect((await fetch(world.server.url + path)).status).toBe(401);
    await git(world.folder, 'clone', '-q', world.pushUrl, 'allowed');
  });

  it('takes no push that a web page could send by itself', async () => {
    await using world = await startWorld();
    const response = await fetch(`${world.url}/git-receive-pack`, { method: 'POST', body: '0000', headers: { authorization, 'content-type': 'text/plain' } });
    expect(response.status).toBe(415);
  });
});

describe('paths', () => {
  it('never leaves its folder', async () => {
    await using world = await startWorld();
    await mkdir(join(world.folder, 'secret.git', 'objects'), { recursive: true });
    await writeFile(join(world.folder, 'secret.git', 'HEAD'), 'ref: refs/heads/main\n');
    // Sent as they are: fetch would tidy them first.
    for (const path of ['/../secret/info/refs', '/%2e%2e/secret/info/refs', '/o/..%2f..%2fsecret/info/refs', '/o/../../secret/info/refs', '/./secret/info/refs', '//secret/info/refs', '/o/r%00/info/refs', '/-/r/info/refs']) {
      expect(await raw(world.server.port, `GET ${path}?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`), path).toMatch(/^HTTP\/1\.1 (?:404|400)/);
    }
  });

  it.each(['..', 'a/b', '.hidden', '', 'x.git', 'a b', 'ä', 'a'.repeat(101)])('refuses to make a repository named %j', async (name) => {
    await using world = await startWorld();
    await expect(world.server.ensureRepository('o', name)).rejects.toThrow('not a valid name');
    expect(await readdir(join(world.folder, 'data', 'o'))).toEqual(['r.git']);
  });
});

describe('bounds', () => {
  it('answers 413 to a body that is too large, said or not, packed or not', async () => {
    await using world = await startWorld({ limits: { maxRequestBytes: 10_000 } });
    const post = (body: Buffer | ReadableStream, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${world.url}/git-receive-pack`, { method: 'POST', body, headers: { authorization, 'content-type': 'application/x-git-receive-pack-request', ...headers }, duplex: 'half' } as RequestInit);
    expect((await post(Buffer.alloc(20_000))).status).toBe(413);
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(4000)) });
    expect(await post(stream).then((response) => response.status, () => 413)).toBe(413);
    const { gzipSync } = await import('node:zlib');
    expect((await post(gzipSync(Buffer.alloc(5_000_000)), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await post(Buffer.from('00'))).status).toBe(400);
    expect((await post(Buffer.from('0000'))).status).toBe(200);
  });

  it('refuses a pack that inflates beyond the bounds and keeps serving', async () => {
    await using world = await startWorld({ limits: { maxObjectBytes: 1_000_000 } });
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    await writeFile(join(work, 'zeros'), Buffer.alloc(2_000_000));
    await git(work, 'add', '.');
    await git(work, 'commit', '-qm', 'bomb');
    await expect(git(work, 'push', '-q', 'origin', 'main')).rejects.toThrow('larger than the 1000000 allowed');
    expect((await readdir(join(world.bare, 'objects', 'pack'))).length).toBe(0);
    expect((await fetch(world.url)).status).toBe(200);
  });

  it('refuses a pack that lacks what it refers to', async () => {
    await using world = await startWorld();
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'one');
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'two');
    const [two, tree] = (await git(work, 'rev-parse', 'HEAD', 'HEAD^{tree}')).trim().split('\n') as [string, string];
    using remote = new GitRemote({ url: world.url, auth: credentials });
    const data = Buffer.from(await git(work, 'cat-file', 'commit', two));
    const [outcome] = await remote.push({ updates: [{ ref: 'refs/heads/main', old: '0'.repeat(40), new: two }], objects: [{ id: two, type: 'commit', data }, { id: tree, type: 'tree', data: Buffer.alloc(0) }] });
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('missing necessary objects: commit') });
  });
});

describe('one port', () => {
  it('serves http and https side by side', async () => {
    const tls = await selfSigned();
    await using world = await startWorld({ tls });
    const secure = world.url.replace('http:', 'https:');
    await writeFile(join(world.folder, 'ca.pem'), tls.cert);
    await git(world.folder, '-c', `http.sslCAInfo=${join(world.folder, 'ca.pem')}`, 'clone', '-q', withCredentials(secure), 'tls');
    await git(world.folder, 'clone', '-q', world.url, 'plain');
    using trusting = new GitRemote({ url: secure, ca: tls.cert });
    expect(await trusting.lsRefs()).toEqual([]);
    using doubting = new GitRemote({ url: secure });
    await expect(doubting.lsRefs()).rejects.toMatchObject({ reason: 'unreachable' });
  });

  it('answers rubbish with an end and not with its own', async () => {
    await using world = await startWorld();
    await raw(world.server.port, '\x16\x03\x01rubbish');
    await raw(world.server.port, '\0\0\0\0\r\n\r\n');
    expect((await fetch(world.server.url)).status).toBe(200);
  });

  it('says which port is taken', async () => {
    await using world = await startWorld();
    await expect(startGitServer({ dataDir: join(world.folder, 'other'), port: world.server.port, credentials: [] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('repositories', () => {
  it('makes them at the start with a first commit, once', async () => {
    const repositories = [{ owner: 'o', name: 'r', initialFiles: { 'README.md': '# r\n', 'a/b.txt': 'b\n' } }];
    await using world = await startWorld({ repositories });
    const first = (await git(world.folder, 'ls-remote', world.url, 'refs/heads/main')).slice(0, 40);
    await world.server.ensureRepository('o', 'r', repositories[0]!);
    await world.server.ensureRepository('p', 'q');
    expect(await git(world.folder, 'ls-remote', world.url, 'refs/heads/main')).toContain(first);
    expect(await world.server.repositories()).toEqual([{ owner: 'o', name: 'r' }, { owner: 'p', name: 'q' }]);
    expect(await git(world.bare, 'show', 'main:a/b.txt')).toBe('b\n');
  });

  it('starts over what a killed process left: locks and half-written packs', async () => {
    await using world = await startWorld();
    const dataDir = join(world.folder, 'second');
    using _ = await Repository.ensure(join(dataDir, 'o', 'r.git'));
    await writeFile(join(dataDir, 'o', 'r.git', 'refs', 'heads', 'main.lock'), '');
    await writeFile(join(dataDir, 'o', 'r.git', 'objects', 'pack', 'tmp_pack_123'), 'half');
    await using server = await startGitServer({ dataDir, credentials: [credentials] });
    await git(world.folder, 'clone', '-q', withCredentials(`${server.url}/o/r`), 'again');
    await git(join(world.folder, 'again'), 'commit', '-q', '--allow-empty', '-m', 'one');
    await git(join(world.folder, 'again'), 'push', '-q', 'origin', 'main');
    expect(await readdir(join(dataDir, 'o', 'r.git', 'objects', 'pack'))).not.toContain('tmp_pack_123');
  });
});

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    // A server that waits for more is asked for no more.
    socket.setTimeout(500, () => socket.destroy());
  });
}
