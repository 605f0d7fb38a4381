import { describe, expect, it } from 'vitest';
import { type FieldTrie, LEAF } from './field-trie.ts';
import { internTrie } from './intern-trie.ts';

const of = (...elements: readonly string[]): ReadonlyMap<string, FieldTrie> => new Map(elements.map((element) => [element, LEAF]));

describe(internTrie, () => {
  it('is the same trie for the same members', () => {
    const inner = internTrie(true, of('f:name', 'f:value'));
    expect(internTrie(true, of('f:name', 'f:value'))).toBe(inner);
    expect(internTrie(true, new Map([['f:env', inner]]))).toBe(internTrie(true, new Map([['f:env', inner]])));
  });

  it('is another one for other members, whatever their names hold', () => {
    const names = [['f:a', 'f:b'], ['f:a0 3 f:b'], ['f:a', 'f:b', 'f:c'], ['f:a\n0 f:b'], ['f:a']];
    const tries = names.flatMap((each) => [internTrie(true, of(...each)), internTrie(false, of(...each))]);
    expect(new Set(tries).size).toBe(tries.length);
    names.forEach((each, index) => expect([...tries[index * 2]!.children.keys()]).toEqual(each));
  });

  it('holds all members of a large one, and is right after it has begun anew', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `f:${index}`);
    expect([...internTrie(true, of(...names)).children.keys()]).toEqual(names);
    for (const name of names) internTrie(true, of(name));
    expect(internTrie(true, of('f:a', 'f:b'))).toEqual({ self: true, children: of('f:a', 'f:b') });
  });

  it('takes a trie that it has not made as it is', () => {
    const foreign: FieldTrie = { self: true, children: of('f:x') };
    expect(internTrie(true, new Map([['f:a', foreign]])).children.get('f:a')).toBe(foreign);
  });
});
