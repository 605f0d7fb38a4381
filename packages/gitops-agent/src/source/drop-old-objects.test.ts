import { join } from 'node:path';
import { decodeCommit, decodeTree, encodeCommit, encodeTree, hashObject, Repository, signature, writePack, type ObjectType } from '@plinth/git';
import { tempDir } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { dropOldObjects } from './drop-old-objects.ts';

/** Adds a commit with these files below a folder, as a fetch does: one pack of what is new. */
async function commit(repository: Repository, files: Readonly<Record<string, string>>): Promise<string> {
  const objects = new Map<string, { readonly id: string; readonly type: ObjectType; readonly data: Buffer }>();
  const add = (type: ObjectType, data: Buffer): string => {
    const id = hashObject(type, data);
    if (!repository.objects.has(id)) objects.set(id, { id, type, data });
    return id;
  };
  const folder = add('tree', encodeTree(Object.entries(files).map(([name, content]) => ({ mode: '100644', name, id: add('blob', Buffer.from(content)) }))));
  const tree = add('tree', encodeTree([{ mode: '40000', name: 'folder', id: folder }]));
  const author = signature('t', 't@example.org', new Date(0));
  const id = add('commit', encodeCommit({ tree, parents: [], author, committer: author, message: JSON.stringify(files) }));
  const pack = writePack([...objects.values()]);
  await repository.objects.addPack(pack.parts, pack.places, pack.checksum);
  return id;
}

function read(repository: Repository, id: string): Readonly<Record<string, string>> {
  const [folder] = decodeTree(repository.objects.readAs('tree', decodeCommit(repository.objects.readAs('commit', id)).tree));
  return Object.fromEntries(decodeTree(repository.objects.readAs('tree', folder!.id)).map((entry) => [entry.name, repository.objects.readAs('blob', entry.id).toString()]));
}

describe(dropOldObjects, () => {
  it('keeps what the given commits need, also on disk, and nothing else', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'r.git');
    using repository = await Repository.ensure(path);
    const many = Object.fromEntries(Array.from({ length: 700 }, (_, at) => [`f${String(at).padStart(3, '0')}`, `content ${at}`]));
    const first = await commit(repository, { ...many, z: '1' });
    const second = await commit(repository, { ...many, z: '2' });
    const third = await commit(repository, { ...many, z: '3' });
    await dropOldObjects(repository.objects, [third, second]);
    using opened = await Repository.ensure(path);
    expect(read(opened, third)).toEqual({ ...many, z: '3' });
    expect(read(opened, second)).toEqual({ ...many, z: '2' });
    expect(opened.objects.has(first)).toBe(false);
    expect(opened.objects.packs.reduce((sum, { index }) => sum + index.count, 0)).toBe(700 + 2 * 4);
  });

  it('drops nothing when something is missing', async () => {
    await using dir = await tempDir();
    using repository = await Repository.ensure(join(dir.path, 'r.git'));
    const id = await commit(repository, { a: '1' });
    await expect(dropOldObjects(repository.objects, [id, '0123456789012345678901234567890123456789'])).rejects.toThrow();
    expect(read(repository, id)).toEqual({ a: '1' });
  });
});
