import { tempDir } from '@plinth/testing';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFiles } from './write-files.ts';

describe(writeFiles, () => {
  it('makes the directory with its files and their modes', async () => {
    await using dir = await tempDir();
    const volume = join(dir.path, 'volume');
    await writeFiles(volume, [{ path: 'a', content: 'one' }, { path: 'deep/er/b', content: Buffer.from('two'), mode: 0o600 }], 0o644);
    expect(readFileSync(join(volume, 'a'), 'utf8')).toBe('one');
    expect(readFileSync(join(volume, 'deep/er/b'), 'utf8')).toBe('two');
    expect([statSync(join(volume, 'a')).mode & 0o777, statSync(join(volume, 'deep/er/b')).mode & 0o777]).toEqual([0o644, 0o600]);
  });

  it('replaces files whole, and takes away what is not wanted, and what a crash left half made', async () => {
    await using dir = await tempDir();
    const volume = join(dir.path, 'volume');
    mkdirSync(volume);
    for (const name of ['a', 'old', 'b.plinth-new']) writeFileSync(join(volume, name), 'half');
    const before = statSync(join(volume, 'a')).ino;
    await writeFiles(volume, [{ path: 'a', content: 'new' }], 0o644);
    expect(readdirSync(volume)).toEqual(['a']);
    expect(readFileSync(join(volume, 'a'), 'utf8')).toBe('new');
    expect(statSync(join(volume, 'a')).ino).not.toBe(before);
  });

  it('takes the last of two files at one path, whatever the mode of the first', async () => {
    await using dir = await tempDir();
    const volume = join(dir.path, 'volume');
    for (let round = 0; round < 2; round += 1) {
      await writeFiles(volume, [{ path: 'a', content: 'first', mode: 0o400 }, { path: './a', content: 'last', mode: 0o600 }], 0o644);
      expect(readFileSync(join(volume, 'a'), 'utf8')).toBe('last');
      expect(statSync(join(volume, 'a')).mode & 0o777).toBe(0o600);
    }
  });

  it.each(['../a', '/a', '.', 'a/../../b'])('refuses %j, which leads out of the volume', async (path) => {
    await using dir = await tempDir();
    await expect(writeFiles(join(dir.path, 'volume'), [{ path, content: '' }], 0o644)).rejects.toThrow('leads out of the volume');
  });
});
