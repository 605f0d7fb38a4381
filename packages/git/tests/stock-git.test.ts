import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsck, git, startWorld } from './helpers.ts';
import type { World } from './helpers.ts';

/** A working copy with four commits, a branch with a slash and annotated tags, pushed. */
async function filled(world: World): Promise<string> {
  const work = join(world.folder, 'work');
  await git(world.folder, 'clone', '-q', world.pushUrl, work);
  await mkdir(join(work, 'deep', 'er'), { recursive: true });
  await writeFile(join(work, 'deep', 'er', 'big'), Array.from({ length: 3000 }, (_, at) => `line ${at}\n`).join(''));
  for (const text of ['one', 'two', 'three', 'four']) {
    await writeFile(join(work, 'file'), `${text}\n`);
    await appendFile(join(work, 'deep', 'er', 'big'), `${text}\n`);
    await git(work, 'add', '.');
    await git(work, 'commit', '-qm', text);
    await git(work, 'tag', '-a', '-m', text, `v-${text}`);
  }
  await git(work, 'push', '-q', 'origin', 'main', 'main~1:refs/heads/feature/x', '--tags');
  return work;
}

describe.each(['0', '1', '2'])('stock git with protocol version %s', (version) => {
  const with_ = (...args: string[]): string[] => ['-c', `protocol.version=${version}`, ...args];

  it('clones an empty repository onto the default branch', async () => {
    await using world = await startWorld({ repositories: [{ owner: 'o', name: 'r', defaultBranch: 'trunk' }] });
    await git(world.folder, ...with_('clone', '-q', world.url, 'empty'));
    // Only version 2 can say what the branch will be called.
    if (version === '2') expect((await git(join(world.folder, 'empty'), 'branch', '--show-current')).trim()).toBe('trunk');
  });

  it('pushes, clones whole and shallow, deepens, fetches what is new', async () => {
    await using world = await startWorld();
    const work = await filled(world);
    const log = async (folder: string): Promise<string[]> => (await git(join(world.folder, folder), 'log', '--format=%s')).trim().split('\n');

    await git(world.folder, ...with_('clone', '-q', world.url, 'full'));
    expect(await log('full')).toEqual(['four', 'three', 'two', 'one']);
    expect(await git(join(world.folder, 'full'), 'rev-parse', 'origin/feature/x^{tree}')).toBe(await git(work, 'rev-parse', 'main~1^{tree}'));
    expect((await git(join(world.folder, 'full'), 'tag')).trim().split('\n')).toHaveLength(4);
    await fsck(join(world.folder, 'full'));

    await git(world.folder, ...with_('clone', '-q', '--depth', '2', world.url, 'shallow'));
    expect(await log('shallow')).toEqual(['four', 'three']);
    await git(join(world.folder, 'shallow'), ...with_('fetch', '-q', '--deepen', '1'));
    expect(await log('shallow')).toEqual(['four', 'three', 'two']);
    await git(join(world.folder, 'shallow'), ...with_('fetch', '-q', '--unshallow'));
    expect(await log('shallow')).toHaveLength(4);
    await fsck(join(world.folder, 'shallow'));

    await git(work, 'commit', '-q', '--allow-empty', '-m', 'five');
    await git(work, ...with_('push', '-q', 'origin', 'main'));
    await git(join(world.folder, 'full'), ...with_('pull', '-q', '--ff-only'));
    expect(await log('full')).toHaveLength(5);
    await fsck(world.bare);
  });

  it('finds what both have when histories parted', async () => {
    await using world = await startWorld();
    const work = await filled(world);
    await git(world.folder, ...with_('clone', '-q', world.url, 'other'));
    const other = join(world.folder, 'other');
    for (let at = 0; at < 40; at++) await git(other, 'commit', '-q', '--allow-empty', '-m', `local ${at}`);
    await writeFile(join(work, 'new'), 'new\n');
    await git(work, 'add', '.');
    await git(work, 'commit', '-qm', 'remote');
    await git(work, 'push', '-q', 'origin', 'main');
    await git(other, ...with_('fetch', '-q'));
    expect((await git(other, 'log', '-1', '--format=%s', 'origin/main')).trim()).toBe('remote');
    await fsck(other);
  });
});

describe('stock git', () => {
  it('clones without blobs and fetches them when they are needed', async () => {
    await using world = await startWorld();
    await filled(world);
    await git(world.folder, 'clone', '-q', '--filter=blob:none', '--no-checkout', world.url, 'partial');
    const partial = join(world.folder, 'partial');
    expect((await git(partial, 'rev-list', '--objects', '--all', '--missing=print')).split('\n').filter((line) => line.startsWith('?'))).not.toHaveLength(0);
    expect(await git(partial, 'show', 'HEAD~2:file')).toBe('two\n');
  });

  it('clones with a date and with a ref as the end of history', async () => {
    await using world = await startWorld();
    await filled(world);
    await git(world.folder, 'clone', '-q', '--shallow-exclude=v-two', world.url, 'cut');
    expect((await git(join(world.folder, 'cut'), 'log', '--format=%s')).trim().split('\n')).toEqual(['four', 'three']);
    await git(world.folder, 'clone', '-q', '--shallow-since=2001-01-01', world.url, 'since');
    expect((await git(join(world.folder, 'since'), 'log', '--format=%s')).trim().split('\n')).toHaveLength(4);
  });

  it('pushes a thin pack, forces, deletes, and is refused where it must be', async () => {
    await using world = await startWorld();
    const work = await filled(world);
    await appendFile(join(work, 'deep', 'er', 'big'), 'more\n');
    await git(work, 'commit', '-qam', 'delta');
    await git(work, 'push', '-q', '--thin', 'origin', 'main');
    await fsck(world.bare);

    await git(work, 'reset', '-q', '--hard', 'HEAD~2');
    await expect(git(work, 'push', '-q', 'origin', 'main')).rejects.toThrow('rejected');
    await git(work, 'push', '-q', '--force', 'origin', 'main');
    await git(work, 'push', '-q', 'origin', ':feature/x');
    expect((await git(world.folder, 'ls-remote', '--heads', world.url)).trim().split('\n')).toHaveLength(1);
    await expect(git(work, 'push', '-q', 'origin', ':main')).rejects.toThrow('deletion of the current branch prohibited');
    // Where a branch stood, a folder of branches may stand next, and the other way round.
    await git(work, 'push', '-q', 'origin', 'main:feature', 'main:refs/heads/a/b');
    await git(work, 'push', '-q', 'origin', ':a/b');
    await git(work, 'push', '-q', 'origin', 'main:a');
    await expect(git(work, 'push', '-q', 'origin', 'main:feature/y')).rejects.toThrow("'refs/heads/feature' exists");
    await expect(git(work, 'push', '-q', '--atomic', 'origin', 'main:feature/y', 'main:ok')).rejects.toThrow('atomic push');
    expect(await git(world.folder, 'ls-remote', '--heads', world.url)).not.toContain('refs/heads/ok');
    await fsck(world.bare);
  });

  it('pushes more than it holds back for the length, in chunks', async () => {
    await using world = await startWorld();
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    const noise = Buffer.alloc(3_000_000);
    for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((Math.imul(at, 2654435761) ^ (at << 7)) >>> 0, at);
    await writeFile(join(work, 'noise'), noise);
    await git(work, 'add', '.');
    await git(work, 'commit', '-qm', 'noise');
    await git(work, '-c', 'http.postBuffer=65536', 'push', '-q', 'origin', 'main');
    await git(world.folder, 'clone', '-q', world.url, 'again');
    await fsck(join(world.folder, 'again'));
  });

  it('works on the path of the repository, and its work is seen by the server', async () => {
    await using world = await startWorld();
    const work = await filled(world);
    await git(world.folder, 'clone', '-q', world.bare, 'by-path');
    expect(await git(join(world.folder, 'by-path'), 'rev-parse', 'HEAD')).toBe(await git(work, 'rev-parse', 'main'));
    // Packs and packed-refs made behind the server's back.
    await git(world.bare, 'gc', '-q', '--prune=now');
    await git(world.bare, 'update-ref', 'refs/heads/behind', 'main');
    await git(world.folder, 'clone', '-q', '-b', 'behind', world.url, 'after-gc');
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'after gc');
    await git(work, 'push', '-q', 'origin', 'main', ':feature/x');
    expect(await git(world.folder, 'ls-remote', '--heads', world.url)).not.toContain('feature/x');
    await fsck(world.bare);
  });
});
