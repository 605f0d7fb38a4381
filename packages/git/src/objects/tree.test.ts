import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedTree } from './indexed-tree.ts';
import { diffTrees } from './tree-diff.ts';
import { decodeTree, encodeTree } from './tree.ts';
import type { TreeEntry } from './tree.ts';

const name = fc.stringMatching(/^[a-c.é-]{1,4}$/).filter((text) => text !== '.' && text !== '..');
const id = fc.stringMatching(/^[0-9a-f]{40}$/);
const mode = fc.constantFrom('100644', '100755', '40000', '120000', '160000');
const tree = fc.uniqueArray(fc.record({ name, id, mode }) as fc.Arbitrary<TreeEntry>, { selector: (entry) => entry.name, maxLength: 30 });

describe('encodeTree', () => {
  it('is undone by decodeTree, whatever the order of the entries', () => {
    fc.assert(
      fc.property(tree, (entries) => {
        const decoded = decodeTree(encodeTree(entries));
        expect(decoded.toSorted(byName)).toEqual(entries.toSorted(byName));
        expect(encodeTree(decoded)).toEqual(encodeTree(entries.toReversed()));
      }),
    );
  });

  it('sorts a folder as if its name ended in a slash', () => {
    const folder = encodeTree([entry('a', '40000'), entry('a.b'), entry('a0')]);
    expect(decodeTree(folder).map((each) => each.name)).toEqual(['a.b', 'a', 'a0']);
  });

  it.each(['', '.', '..', '.git', '.GIT', 'a/b', 'a\0'])('refuses the name %j', (bad) => {
    expect(() => encodeTree([entry(bad)])).toThrow('tree entry may not be named');
  });

  it('refuses two entries of one name', () => {
    expect(() => encodeTree([entry('a'), entry('a', '40000')])).toThrow('two entries named "a"');
  });
});

describe('decodeTree', () => {
  it('refuses bytes that end early instead of reading beyond', () => {
    const whole = encodeTree([entry('file')]);
    for (let length = 1; length < whole.length; length++) expect(() => decodeTree(whole.subarray(0, length))).toThrow('damaged');
  });
});

describe('IndexedTree', () => {
  it('gives after edits the same bytes as a tree written anew', () => {
    const edits = fc.uniqueArray(fc.tuple(name, fc.option(fc.record({ id, mode }) as fc.Arbitrary<Omit<TreeEntry, 'name'>>, { nil: undefined })), { selector: ([each]) => each, maxLength: 12 });
    fc.assert(
      fc.property(tree, edits, edits, (entries, first, second) => {
        const expected = new Map(entries.map(({ name, ...rest }) => [name, rest]));
        let indexed = IndexedTree.of(encodeTree(entries));
        for (const round of [first, second]) {
          indexed = indexed.with(new Map(round));
          for (const [each, value] of round) {
            if (value) expected.set(each, value);
            else expected.delete(each);
          }
        }
        expect(indexed.data.toString('hex')).toBe(encodeTree([...expected].map(([each, value]) => ({ name: each, ...value }))).toString('hex'));
        for (const [each, value] of expected) expect(indexed.find(each)).toEqual({ id: value.id, mode: value.mode });
        expect(indexed.find('zzz')).toBeUndefined();
        expect(indexed.size).toBe(expected.size);
      }),
      { numRuns: 300 },
    );
  });
});

describe('diffTrees', () => {
  it('finds by name what a comparison of all entries finds', () => {
    fc.assert(
      fc.property(tree, tree, fc.boolean(), (one, other, alike) => {
        // Trees of random ids share nothing: let most entries be the same half of the time.
        const after = alike ? [...one.slice(1), ...other.filter((each) => !one.some(({ name }) => name === each.name)).slice(0, 2)] : other;
        const found = diffTrees(encodeTree(one), encodeTree(after)).toSorted(byName);
        const names = new Set([...one, ...after].map((each) => each.name));
        const expected = [...names]
          .map((each) => ({ name: each, before: pick(one, each), after: pick(after, each) }))
          .filter((change) => change.before?.id !== change.after?.id || change.before?.mode !== change.after?.mode)
          .toSorted(byName);
        expect(found).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

function entry(text: string, kind: TreeEntry['mode'] = '100644'): TreeEntry {
  return { name: text, mode: kind, id: '1'.repeat(40) };
}

function pick(entries: readonly TreeEntry[], text: string): { mode: string; id: string } | undefined {
  const found = entries.find((each) => each.name === text);
  return found && { mode: found.mode, id: found.id };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
