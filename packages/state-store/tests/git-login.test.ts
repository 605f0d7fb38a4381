import { fsck, hasSshd, selfSigned, startOverSsh, startWorld } from '@plinth/git/testing';
import { describe, expect, it } from 'vitest';
import { gitHubAppCredentials, GitStateStore } from '../src/index.ts';
import { directory, text } from './conformance.ts';
import { startGitHubLike } from './github-like.ts';

describe.skipIf(!hasSshd)('GitStateStore over SSH', () => {
  it.each([true, false])('writes many placements over one connection, and sees what others pushed (protocol 2: %s)', async (acceptProtocol) => {
    await using server = await startOverSsh({ acceptProtocol });
    const open = (): Promise<GitStateStore> => GitStateStore.open({ url: server.url, branch: 'main', path: 'clusters', ssh: server.ssh });
    await using store = await open();
    await store.probe();
    expect(await store.write(directory('d/first', { a: '1' }))).toMatchObject({ outcome: 'written' });
    const before = server.connections;
    await store.writeAll(Array.from({ length: 50 }, (_, at) => directory(`d/${at}`, { a: '1', b: '2' })));
    expect(server.connections - before).toBe(1);
    await using other = await open();
    expect(text(await other.read('d/7/b'))).toBe('2');
    expect(await other.write(directory('d/7', {}))).toMatchObject({ outcome: 'written' });
    expect(await store.write(directory('d/8', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(await store.list('d')).toHaveLength(1 + 2 * 48 + 1);
    await fsck(server.bare);
  });
});

describe('GitStateStore as a GitHub App', () => {
  it('buys a token, uses it for all it does, and gets another when it is refused or about to end', async () => {
    await using world = await startWorld();
    let now = 1_700_000_000_000;
    await using hub = await startGitHubLike(world.server.url, await selfSigned(), { now: () => new Date(now) });
    await using store = await GitStateStore.open({ url: `${hub.url}/o/r`, branch: 'main', ca: hub.app.ca!, auth: gitHubAppCredentials(hub.app), attempts: 2 });
    await store.probe();
    await Promise.all([store.write(directory('d/1', { a: '1' })), store.write(directory('d/2', { a: '1' }))]);
    expect(hub.issued).toBe(1);
    now += 56 * 60_000;
    expect(await store.write(directory('d/3', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(hub.issued).toBe(2);
    hub.revoke();
    expect(await store.write(directory('d/4', { a: '1' }))).toMatchObject({ outcome: 'written' });
    expect(hub.issued).toBe(3);
    hub.revoke();
    hub.uninstall();
    const failed = await store.write(directory('d/5', { a: '1' }));
    expect(failed).toMatchObject({ outcome: 'failed', error: { reason: 'unauthorized', message: expect.stringMatching(/POST https:\S+\/api\/v3\/app\/installations\/42\/access_tokens: 404 Not Found$/) } });
  });

  it('uses a token no longer than it is told to', async () => {
    await using world = await startWorld();
    let now = Date.now();
    await using hub = await startGitHubLike(world.server.url, await selfSigned(), { now: () => new Date(now) });
    await using store = await GitStateStore.open({ url: `${hub.url}/o/r`, branch: 'main', ca: hub.app.ca!, auth: gitHubAppCredentials({ ...hub.app, keepMs: 60_000 }) });
    now += 59_000;
    await store.write(directory('d/1', { a: '1' }));
    expect(hub.issued).toBe(1);
    now += 2_000;
    await store.write(directory('d/2', { a: '1' }));
    expect(hub.issued).toBe(2);
  });

  it('says which of its ids or keys is wrong, and no secret', async () => {
    await using world = await startWorld();
    await using hub = await startGitHubLike(world.server.url, await selfSigned());
    await using other = await startGitHubLike(world.server.url, await selfSigned());
    const open = (app: Partial<typeof hub.app>): Promise<GitStateStore> => GitStateStore.open({ url: `${hub.url}/o/r`, branch: 'main', ca: hub.app.ca!, auth: gitHubAppCredentials({ ...hub.app, ...app }), attempts: 1 });
    await expect(open({ privateKey: other.app.privateKey })).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('401 A JSON web token could not be decoded') });
    await expect(open({ installationId: '43' })).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('404 Not Found') });
    expect(() => gitHubAppCredentials({ ...hub.app, privateKey: '-----BEGIN RSA PRIVATE KEY-----\nx' })).toThrow('privateKey of the GitHub App is not an RSA key in PEM');
    expect(() => gitHubAppCredentials({ ...hub.app, installationId: '../../user' })).toThrow('installationID of the GitHub App is not an id');
    const { ca: _, ...untrusting } = hub.app;
    await expect(GitStateStore.open({ url: `${hub.url}/o/r`, branch: 'main', ca: hub.app.ca!, auth: gitHubAppCredentials(untrusting), attempts: 1 })).rejects.toMatchObject({ reason: 'unreachable', message: expect.stringContaining('self-signed certificate') });
    await expect(GitStateStore.open({ url: `${hub.url}/o/r`, branch: 'main', auth: gitHubAppCredentials(hub.app), attempts: 1 })).rejects.toMatchObject({ reason: 'unreachable', message: expect.stringContaining('self-signed certificate') });
  });
});
