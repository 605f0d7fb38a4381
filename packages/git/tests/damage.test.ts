import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkRepository } from '../src/repository/check-repository.ts';
import { Repository } from '../src/index.ts';
import { startWorld } from './helpers.ts';

/** A repository with one commit on main, in one pack. */
async function newRepository(): Promise<{ folder: string; main: string; pack: string } & AsyncDisposable> {
  const world = await startWorld({ repositories: [{ owner: 'o', name: 'r', initialFiles: { 'a.txt': 'a\n' } }] });
  const packs = join(world.bare, 'objects/pack');
  const pack = join(packs, readdirSync(packs).find((name) => name.endsWith('.pack'))!);
  return { folder: world.bare, main: join(world.bare, 'refs/heads/main'), pack, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const problemOf = (folder: string): string => {
  try {
    using repository = Repository.open(folder);
    checkRepository(repository);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a repository on disk that', () => {
  it('is whole passes', async () => {
    await using repository = await newRepository();
    expect(problemOf(repository.folder)).toBe('none');
  });

  it.each(['garbage\n', ''])('has a ref that holds %j is refused, rather than having lost the branch', async (content) => {
    await using repository = await newRepository();
    writeFileSync(repository.main, content);
    expect(problemOf(repository.folder)).toBe(`the ref ${repository.main} is damaged: it holds no id of an object`);
  });

  it('has a pack that is cut short is refused', async () => {
    await using repository = await newRepository();
    truncateSync(repository.pack, 60);
    expect(problemOf(repository.folder)).toBe(`${repository.folder} is damaged: ${repository.pack} is not whole: it does not end as its index says`);
  });

  it('lost its packs is refused', async () => {
    await using repository = await newRepository();
    for (const name of readdirSync(join(repository.pack, '..'))) rmSync(join(repository.pack, '..', name));
    expect(problemOf(repository.folder)).toMatch(/is damaged: refs\/heads\/main leads to [0-9a-f]{40}, which is missing$/);
  });
});
