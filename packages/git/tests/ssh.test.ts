import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { GitRemote, isSshUrl, parseSshUrl } from '../src/index.ts';
import type { GitRemoteError, SshOptions } from '../src/index.ts';
import { git } from './helpers.ts';
import { hasSshd, startOverSsh } from './ssh-server.ts';

describe('parseSshUrl', () => {
  it.each([
    ['ssh://git@github.com/o/r.git', { user: 'git', host: 'github.com', port: undefined, path: '/o/r.git', url: 'ssh://git@github.com/o/r.git' }],
    ['ssh://git@host:2222/~me/r', { user: 'git', host: 'host', port: 2222, path: '~me/r', url: 'ssh://git@host:2222/~me/r' }],
    ['ssh://git@[::1]:22/r', { user: 'git', host: '::1', port: 22, path: '/r', url: 'ssh://git@[::1]:22/r' }],
    ['git@github.com:o/r.git', { user: 'git', host: 'github.com', port: undefined, path: 'o/r.git', url: 'ssh://git@github.com/o/r.git' }],
  ])('reads %s', (text, address) => {
    expect(isSshUrl(text)).toBe(true);
    expect(parseSshUrl(text)).toEqual(address);
  });

  it.each([
    ['ssh://host/r', 'it names no user; most servers want git@'],
    ['ssh://-oProxyCommand=x@host/r', 'its user has characters that are not allowed'],
    ['git@-oProxyCommand=x:r', 'its host has characters that are not allowed'],
    ['git@host:-x', 'its path names no repository'],
    ['ssh://git@host/', 'its path names no repository'],
    ['ssh://git@host:org/r', 'it is not of the form ssh://user@host/path or user@host:path'],
    ['ssh://git@host/%zz', 'it is not of the form ssh://user@host/path or user@host:path'],
  ])('refuses %s', (text, why) => {
    expect(() => parseSshUrl(text)).toThrow(why);
  });

  it.each(['https://host/r', 'http://u:p@host:80/r', '/folder/r', 'file:///r'])('leaves %s to others', (text) => expect(isSshUrl(text)).toBe(false));
});

describe.skipIf(!hasSshd)('GitRemote over SSH', () => {
  it('tells apart why a server cannot be used, and leaves no key behind', async () => {
    await using server = await startOverSsh();
    // For the keys: a folder that no other test looks into.
    const folder = await mkdtemp(join(tmpdir(), 'plinth-keys-'));
    vi.stubEnv('TMPDIR', folder);
    const asked = async (url: string, ssh: SshOptions = server.ssh): Promise<string> => {
      try {
        using remote = new GitRemote({ url, ssh, timeoutMs: 10_000 });
        await remote.lsRefs();
        return 'fine';
      } catch (error) {
        const { reason, message } = error as GitRemoteError;
        return `${reason}: ${message}`;
      }
    };
    const { url } = server;
    const unknown = server.ssh.knownHosts.replace(/AAAA\S+/, (key) => `${key.slice(0, -8)}AAAAAAAA`);
    expect(await asked(url)).toBe('fine');
    expect(await asked(url, { ...server.ssh, privateKey: `${server.ssh.privateKey.trim()}\r\n` })).toBe('fine');
    expect(await asked(url, { ...server.ssh, privateKey: server.strangerKey })).toMatch(/^unauthorized: git-upload-pack at ssh:.*Permission denied/);
    expect(await asked(url, { ...server.ssh, privateKey: 'no key' })).toMatch(/^unauthorized: /);
    expect(await asked(url, { ...server.ssh, knownHosts: unknown })).toMatch(/^unauthorized: .*host key is not the one in knownHosts/);
    expect(await asked(url, { ...server.ssh, knownHosts: '' })).toMatch(/^unauthorized: .*host key is not the one in knownHosts/);
    expect(await asked(server.urlOf('/missing.git'))).toMatch(/^not-found: .*does not appear to be a git repository/);
    expect(await asked('ssh://git@127.0.0.1:1/r.git')).toMatch(/^unreachable: .*Connection refused/);
    expect(await readdir(folder)).toEqual([]);
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it.each([true, false])('needs one connection for a look and what follows (protocol 2: %s)', async (acceptProtocol) => {
    await using server = await startOverSsh({ acceptProtocol });
    const work = join(server.bare, 'work');
    await git(server.bare, 'clone', '-q', server.bare, work);
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'by hand');
    await git(work, 'push', '-q', 'origin', 'main');
    using remote = new GitRemote({ url: server.url, ssh: server.ssh });
    const [main] = await remote.lsRefs({ prefixes: ['refs/heads/main'] });
    expect((await remote.fetch({ wants: [main!.id], depth: 1 })).pack?.has(main!.id)).toBe(true);
    expect(server.connections).toBe(1);
    await remote.checkPush();
    expect(server.connections).toBe(2);
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'again');
    await git(work, 'push', '-q', 'origin', 'main');
    const [moved] = await remote.lsRefs({ prefixes: ['refs/heads/main'] });
    expect(moved?.id).toBe((await git(work, 'rev-parse', 'HEAD')).trim());
  });

  it('gives up when it is told to', async () => {
    await using server = await startOverSsh();
    using remote = new GitRemote({ url: server.urlOf('/nowhere'), ssh: server.ssh });
    await expect(remote.lsRefs({ signal: AbortSignal.abort() })).rejects.toMatchObject({ reason: 'aborted' });
  });
});
