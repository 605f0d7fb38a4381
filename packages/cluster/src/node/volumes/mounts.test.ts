import { tempDir } from '@plinth/testing';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hidesSystem } from '../../runtime/host/protected-paths.ts';
import { containerMounts } from './mounts.ts';

const mountsOf = (volumeMounts: readonly object[], volumes: Readonly<Record<string, string>>) =>
  containerMounts({ name: 'main', volumeMounts } as unknown as Parameters<typeof containerMounts>[0], new Map(Object.entries(volumes)), {});

describe(containerMounts, () => {
  it('names the place of each mount, and makes what a subPath names', async () => {
    await using dir = await tempDir();
    const { paths, readOnly } = mountsOf([{ name: 'a', mountPath: '/data/', subPath: 'x/y', readOnly: true }, { name: 'a', mountPath: '/data/../other' }], { a: dir.path });
    expect([...paths]).toEqual([['/data', join(dir.path, 'x/y')], ['/other', dir.path]]);
    expect([...readOnly]).toEqual(['/data']);
  });

  it('is not led out of a volume by what a container wrote there', async () => {
    await using dir = await tempDir();
    const [volume, secret] = [join(dir.path, 'volume'), join(dir.path, 'secret')];
    mkdirSync(join(volume, 'deep'), { recursive: true });
    mkdirSync(secret);
    symlinkSync(secret, join(volume, 'deep/way'));
    for (const subPath of ['deep/way', 'deep/way/new']) expect(() => mountsOf([{ name: 'a', mountPath: '/data', subPath }], { a: volume })).toThrow(`subPath "${subPath}" leads over a symbolic link`);
    expect(existsSync(join(secret, 'new'))).toBe(false);
    expect(() => mountsOf([{ name: 'a', mountPath: '/data', subPath: '../secret' }], { a: volume })).toThrow('leads out of the volume');
    expect(() => mountsOf([{ name: 'a', mountPath: '/data' }, { name: 'b', mountPath: '/data/deep/way/bin' }], { a: volume, b: secret })).toThrow('mount path "/data/deep/way/bin" leads over a symbolic link in the volume at /data');
  });
});

describe(hidesSystem, () => {
  it.each([
    ['/', true], ['/usr', true], ['/usr/bin', true], ['/usr/bin/setpriv', true], ['/lib/x86_64-linux-gnu', true], ['/etc', true], ['/etc/ld.so.preload', true], ['/run', true],
    ['/etc/ssl/certs', false], ['/usr/local/bin', false], ['/usr/share/x', false], ['/kratix/output', false], ['/dev/shm', false], ['/binary', false], ['/var/run/secrets/kubernetes.io/serviceaccount', false],
  ])('%s: %s', (path, expected) => expect(hidesSystem(path)).toBe(expected));
});
