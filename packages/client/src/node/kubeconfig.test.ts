import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tempDir } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { loadKubeconfig, renderKubeconfig } from './index.ts';

const two = renderKubeconfig({
  contexts: [
    { name: 'platform', server: 'https://127.0.0.1:16443', ca: 'CA 1', user: { name: 'admin', clientCert: 'CERT', clientKey: 'KEY' } },
    { name: 'worker', server: 'https://127.0.0.1:16444', ca: 'CA 2', namespace: 'apps', user: { token: 't0ken' } },
  ],
});

describe(loadKubeconfig, () => {
  test('reads back what renderKubeconfig wrote, the current context first', async () => {
    expect(await loadKubeconfig(two)).toEqual({ context: 'platform', namespace: 'default', user: 'admin', server: 'https://127.0.0.1:16443', ca: 'CA 1', clientCert: 'CERT', clientKey: 'KEY' });
    expect(await loadKubeconfig(two, 'worker')).toEqual({ context: 'worker', namespace: 'apps', user: 'worker', server: 'https://127.0.0.1:16444', ca: 'CA 2', token: 't0ken' });
  });

  test('reads files that it names beside itself, and a token file each time it has changed', async () => {
    await using dir = await tempDir();
    await mkdir(join(dir.path, 'keys'));
    await writeFile(join(dir.path, 'keys/ca.crt'), 'CA');
    await writeFile(join(dir.path, 'keys/token'), 'first\n');
    const path = join(dir.path, 'config');
    await writeFile(path, `
current-context: c
clusters: [{ name: k, cluster: { server: 'https://h:1', certificate-authority: keys/ca.crt, tls-server-name: other } }]
users: [{ name: u, user: { tokenFile: keys/token } }]
contexts: [{ name: c, context: { cluster: k, user: u } }]
`);
    const { tokenProvider, ...rest } = await loadKubeconfig(path);
    expect(rest).toEqual({ context: 'c', namespace: 'default', user: 'u', server: 'https://h:1', ca: 'CA', serverName: 'other' });
    expect(await tokenProvider?.()).toBe('first');
  });

  test('merges several files, the first to define a name wins', async () => {
    await using dir = await tempDir();
    const [one, other] = [join(dir.path, 'one'), join(dir.path, 'other')];
    await writeFile(one, renderKubeconfig({ contexts: [{ name: 'a', server: 'https://one:1', user: { token: 'x' } }] }));
    await writeFile(other, renderKubeconfig({ contexts: [{ name: 'a', server: 'https://two:1', user: { token: 'y' } }, { name: 'b', server: 'https://b:1', user: { token: 'z' } }] }));
    expect(await loadKubeconfig(`${one}:${other}`)).toMatchObject({ server: 'https://one:1', token: 'x' });
    expect(await loadKubeconfig(`${one}:${other}`, 'b')).toMatchObject({ server: 'https://b:1' });
  });

  test.each([
    ['- a\n- b\n', undefined, '<text> is not a kubeconfig: expected a mapping'],
    ['a: [\n', undefined, '<text> is not YAML'],
    ['clusters: {}\n', undefined, '<text>: clusters is not a list'],
    ['clusters: []\n', undefined, '<text>: no context asked for and none is current'],
    [two, 'gone', '<text>: no context is named "gone" (there are: platform, worker)'],
    ['contexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: nowhere}}]\n', 'c', '<text>: cluster "k" has no usable server: nowhere'],
    ['contexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: "https://h"}}]\nusers: [{name: u, user: {exec: {command: x}}}]\n', 'c', '<text>: user "u" logs in by exec, which is not supported; use a client certificate, a token or a token file'],
  ])('refuses %j for context %s', async (text, context, message) => {
    await expect(loadKubeconfig(text, context)).rejects.toThrow(message);
  });

  test('says which file cannot be read', async () => {
    await expect(loadKubeconfig('/nowhere/config')).rejects.toThrow('cannot read the kubeconfig /nowhere/config: ENOENT');
  });
});
