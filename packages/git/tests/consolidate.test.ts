import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { consolidate, hashObject, IndexedTree, Repository, signature } from '../src/index.ts';
import type { ObjectId } from '../src/index.ts';
import { fsck, git, startWorld } from './helpers.ts';

/** Commits one file more into a folder of some size, each as a pack of its own, the way small pushes leave them. */
async function commitOneByOne(repository: Repository, count: number, from = 0): Promise<ObjectId> {
  let head = repository.headCommit();
  for (let at = from; at < from + count; at++) {
    const root = head === undefined ? IndexedTree.empty : IndexedTree.of(repository.objects.readAs('tree', repository.objects.readCommit(head).tree));
    const blob = Buffer.from(`content ${at}\n`);
    const blobId = hashObject('blob', blob);
    const tree = root.with(new Map([[`file-${at % 150}.yaml`, { mode: '100644', id: blobId }]]));
    const who = signature('a', 'a@example.org', new Date(1_700_000_000_000 + at * 1000));
    const treeId = hashObject('tree', tree.data);
    const result = await repository.commit('main', { tree: treeId, parents: head === undefined ? [] : [head], author: who, committer: who, message: `${at}\n` }, [{ id: treeId, type: 'tree', data: tree.data }, { id: blobId, type: 'blob', data: blob }]);
    expect(result.ok).toBe(true);
    head = result.id;
  }
  return head!;
}

describe('consolidate', () => {
  it('keeps every object readable, in few packs and much less space', async () => {
    await using world = await startWorld();
    using repository = await Repository.ensure(join(world.folder, 'x.git'));
    let from = 0;
    for (const round of [60, 30, 90]) {
      await commitOneByOne(repository, round, from);
      from += round;
      const before = repository.objects.packs.reduce((sum, pack) => sum + pack.bytes, 0);
      await consolidate(repository.objects);
      expect(repository.objects.packs.length).toBeLessThan(6);
      expect(repository.objects.packs.reduce((sum, pack) => sum + pack.bytes, 0)).toBeLessThan(before / 2);
    }
    await fsck(repository.folder);
    expect((await git(repository.folder, 'log', '--format=%s', 'main')).trim().split('\n')).toHaveLength(180);
    // Stock git reads each version of the tree through the chain of differences.
    expect(await git(repository.folder, 'show', 'main~100:file-79.yaml')).toBe('content 79\n');
    await git(world.folder, 'clone', '-q', '--no-local', repository.folder, 'copy');
    await fsck(join(world.folder, 'copy'));
  });

  it('takes in packs of stock git with their offset deltas, and doubles', async () => {
    await using world = await startWorld();
    using repository = await Repository.ensure(join(world.folder, 'x.git'));
    await commitOneByOne(repository, 20);
    await git(repository.folder, 'repack', '-adq', '--window=50');
    await commitOneByOne(repository, 10, 20);
    // The same objects once more, in a pack of stock git's.
    await git(repository.folder, 'repack', '-aq');
    await consolidate(repository.objects);
    expect((await readdir(join(repository.folder, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'))).toHaveLength(1);
    await fsck(repository.folder);
  });

  it('runs while others clone, without anybody noticing', async () => {
    await using world = await startWorld({ consolidateAfterPacks: 5 });
    const work = join(world.folder, 'work');
    await git(world.folder, 'clone', '-q', world.pushUrl, work);
    for (let at = 0; at < 8; at++) {
      await git(work, 'commit', '-q', '--allow-empty', '-m', `${at}`);
      await Promise.all([git(work, 'push', '-q', 'origin', 'main'), git(world.folder, 'clone', '-q', world.url, `copy-${at}`)]);
    }
    await world.server.settle();
    expect((await readdir(join(world.bare, 'objects', 'pack'))).filter((name) => name.endsWith('.pack')).length).toBeLessThan(10);
    await fsck(world.bare);
  });
});
