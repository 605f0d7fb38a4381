import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTree, decodeCommit, decodeTree, encodeCommit, hashObject, parsePack, Repository, signature, writePack, zeroId } from '../src/index.ts';
import type { ObjectId, PackInput } from '../src/index.ts';
import { packInputs } from '../src/repository/pack-source.ts';
import { receivePack } from '../src/repository/receive.ts';
import { selectCommits } from '../src/repository/select-commits.ts';
import { selectObjects } from '../src/repository/select-objects.ts';
import { startWorld } from './helpers.ts';

const paths = ['a', 'd/a', 'd/b', 'd/e/a', 'f/e/a'];
/** Few contents, so that trees come back after they were gone, and stand at several places. */
const version = fc.dictionary(fc.constantFrom(...paths), fc.constantFrom('1', '2'), { minKeys: 1 });
const histories = fc.array(fc.record({ files: version, parents: fc.array(fc.nat(9), { maxLength: 2 }), time: fc.integer({ min: 0, max: 50 }) }), { minLength: 1, maxLength: 10 });

describe('selectObjects', () => {
  it('chooses, with what the reader has, all that its wants reach, whatever the history and the clocks', async () => {
    await using world = await startWorld();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(9), fc.array(fc.nat(9), { maxLength: 2 }), fc.option(fc.integer({ min: 1, max: 3 })), async (commits, want, have, depth) => {
        using repository = await Repository.ensure(join(world.folder, `${run++}.git`));
        const { ids, objects } = build(commits);
        const written = writePack([...objects.values()]);
        await repository.objects.addPack(written.parts, written.places, written.checksum);
        const wants = [ids[want % ids.length]!];
        const haves = have.map((at) => ids[at % ids.length]!);
        const selection = await selectCommits(repository.objects, wants, haves, { clientShallow: new Set(), depth: depth ?? undefined }, async () => {});
        const chosen = new Set(await selectObjects(repository.objects, selection, haves, [], { type: 'none' }, async () => {}));
        const held = new Set(haves.flatMap((id) => [...closure(repository, id, new Set())]));
        for (const id of closure(repository, wants[0]!, new Set(selection.shallow))) expect(chosen.has(id) || held.has(id)).toBe(true);
        // And what is chosen can be sent and read.
        const sent = await parsePack(writePack([...packInputs(repository.objects, [...chosen])]).pack);
        expect(sent.places.map((place) => place.id).toSorted()).toEqual([...chosen].toSorted());
      }),
      { numRuns: 40 },
    );
  });
});

describe('receivePack', () => {
  it('misses an object that every version of a folder shares, though each was compared with another', async () => {
    await using world = await startWorld();
    using repository = await Repository.ensure(join(world.folder, 'x.git'));
    const files = { 'd/shared': 'shared', 'd/a': '1' };
    const { ids, objects } = build([
      { files, parents: [], time: 1 },
      { files: { ...files, 'd/a': '2' }, parents: [0], time: 2 },
      { files, parents: [1], time: 3 },
    ]);
    const shared = hashObject('blob', Buffer.from('shared'));
    // The newest first, as git writes packs.
    const inputs = [...objects.values()].toReversed();
    await expect(receivePack(repository, writePack(inputs.filter((input) => input.id !== shared)).pack, [ids[2]!])).rejects.toThrow(`missing necessary objects: blob ${shared}`);
    expect(repository.objects.packs).toEqual([]);
    await receivePack(repository, writePack(inputs).pack, [ids[2]!]);
    expect((await repository.refs.update({ name: 'refs/heads/main', expected: zeroId, next: ids[2]! })).ok).toBe(true);
  });
});

function build(commits: readonly { readonly files: Readonly<Record<string, string>>; readonly parents: readonly number[]; readonly time: number }[]): { readonly ids: readonly ObjectId[]; readonly objects: Map<ObjectId, PackInput> } {
  const ids: ObjectId[] = [];
  const objects = new Map<ObjectId, PackInput>();
  for (const [at, { files, parents, time }] of commits.entries()) {
    const built = buildTree(Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })));
    for (const object of built.objects) objects.set(object.id, object);
    const who = signature('a', 'a@example.org', new Date(time * 1000));
    const data = encodeCommit({ tree: built.tree, parents: at === 0 ? [] : [...new Set(parents.map((parent) => ids[parent % at]!))], author: who, committer: who, message: `${at}\n` });
    const id = hashObject('commit', data);
    objects.set(id, { id, type: 'commit', data });
    ids.push(id);
  }
  return { ids, objects };
}

function closure(repository: Repository, commit: ObjectId, shallow: ReadonlySet<ObjectId>): Set<ObjectId> {
  const seen = new Set<ObjectId>();
  const open = [commit];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const object = repository.objects.read(id)!;
    if (object.type === 'commit') {
      const { tree, parents } = decodeCommit(object.data);
      open.push(tree, ...(shallow.has(id) ? [] : parents));
    }
    if (object.type === 'tree') open.push(...decodeTree(object.data).map((entry) => entry.id));
  }
  return seen;
}
