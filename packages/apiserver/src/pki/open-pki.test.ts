import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { tempDir } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

import { openPki } from './index.ts';

const day = 24 * 60 * 60 * 1000;

describe(openPki, () => {
  test('makes a CA, a serving certificate for all names and a client certificate that carries user and groups', async () => {
    const pki = await openPki({ clusterName: 'platform', ipAddresses: ['127.7.0.1'], dnsNames: ['platform.test'] });
    const ca = new X509Certificate(pki.caCert);
    expect(ca.ca).toBe(true);
    const serving = await pki.serving();
    const server = new X509Certificate(serving.cert);
    expect(server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true);
    for (const name of ['localhost', 'kubernetes.default.svc', 'platform.test']) expect(server.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '127.7.0.1']) expect(server.checkIP(address)).toBe(address);
    expect(inspect(serving)).not.toContain('PRIVATE');
    const client = new X509Certificate((await pki.client({ user: 'a,b+"c"', groups: ['x=1', 'y'] })).cert);
    expect({ ...client.toLegacyObject().subject }).toEqual({ CN: 'a,b+"c"', O: ['x=1', 'y'] });
  });

  test('keeps keys in files of its owner alone and uses them again', async () => {
    await using dir = await tempDir();
    const options = { clusterName: 'platform', directory: join(dir.path, 'pki') };
    const first = await openPki(options);
    const admin = await first.client({ user: 'admin', groups: ['system:masters'], file: 'admin' });
    const { cert } = await first.serving();
    const second = await openPki(options);
    expect(second.caCert).toBe(first.caCert);
    expect(second.serviceAccountKey.keyId).toBe(first.serviceAccountKey.keyId);
    expect((await second.serving()).cert).toBe(cert);
    expect(await second.client({ user: 'admin', groups: ['system:masters'], file: 'admin' })).toEqual(admin);
    for (const name of await readdir(options.directory)) {
      const { mode } = await stat(join(options.directory, name));
      expect([name, (mode & 0o777).toString(8)]).toEqual([name, name === 'clients' ? '700' : '600']);
    }
  });

  test('renews a serving certificate before it expires and when its names change', async () => {
    await using dir = await tempDir();
    let now = Date.UTC(2026, 0, 1);
    const options = { clusterName: 'platform', directory: dir.path, now: () => now };
    const pki = await openPki(options);
    const { cert } = await pki.serving();
    now += 200 * day;
    expect((await pki.serving()).cert).toBe(cert);
    now += 60 * day;
    const renewed = await pki.serving();
    expect(renewed.cert).not.toBe(cert);
    expect(renewed.notAfter.getTime()).toBeGreaterThan(now + 360 * day);
    const renamed = await openPki({ ...options, ipAddresses: ['127.9.9.9'] });
    expect((await renamed.serving()).cert).not.toBe(renewed.cert);
  });

  test('replaces a damaged serving certificate, because the CA can', async () => {
    await using dir = await tempDir();
    const options = { clusterName: 'platform', directory: dir.path };
    const pki = await openPki(options);
    await pki.serving();
    await writeFile(join(dir.path, 'server.pem'), 'half of a fi');
    expect(new X509Certificate((await pki.serving()).cert).checkHost('localhost')).toBe('localhost');
  });

  test('issues a kept client certificate anew when it should say something else', async () => {
    await using dir = await tempDir();
    const pki = await openPki({ clusterName: 'platform', directory: dir.path });
    const { cert } = await pki.client({ user: 'node', groups: ['a'], file: 'node' });
    expect((await pki.client({ user: 'node', groups: ['b'], file: 'node' })).cert).not.toBe(cert);
  });

  test.each([
    ['ca.crt', 'not a certificate', 'it is not a certificate in PEM'],
    ['ca.key', 'not a key', 'it is not a private key in PEM'],
    ['sa.key', '', 'it is not a private key in PEM'],
  ])('refuses a damaged %s, naming it, and changes nothing', async (name, content, found) => {
    await using dir = await tempDir();
    await openPki({ clusterName: 'platform', directory: dir.path });
    await writeFile(join(dir.path, name), content);
    await expect(openPki({ clusterName: 'platform', directory: dir.path })).rejects.toThrow(`cannot use ${join(dir.path, name)}: ${found}; restore`);
    expect(await readFile(join(dir.path, name), 'utf8')).toBe(content);
  });

  test('refuses a CA whose key is missing or belongs to another', async () => {
    await using dir = await tempDir();
    await using other = await tempDir();
    await openPki({ clusterName: 'platform', directory: dir.path });
    await openPki({ clusterName: 'worker', directory: other.path });
    await writeFile(join(dir.path, 'ca.key'), await readFile(join(other.path, 'ca.key')));
    await expect(openPki({ clusterName: 'platform', directory: dir.path })).rejects.toThrow('ca.key: it is not the key of ca.crt');
    await rm(join(dir.path, 'ca.key'));
    await expect(openPki({ clusterName: 'platform', directory: dir.path })).rejects.toThrow('ca.key: it is missing, while ca.crt is there');
  });
});
