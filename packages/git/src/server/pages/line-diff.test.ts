import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines, hunks } from './line-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 25 });

describe('diffLines', () => {
  it('holds both versions, numbered', () => {
    fc.assert(fc.property(lines, lines, (before, after) => {
      const diff = diffLines(before, after);
      expect(diff.filter((line) => line.type !== 'add').map((line) => line.text)).toEqual(before);
      expect(diff.filter((line) => line.type !== 'del').map((line) => line.text)).toEqual(after);
      expect(diff.flatMap((line) => line.before ?? [])).toEqual(before.map((_, at) => at + 1));
      expect(diff.flatMap((line) => line.after ?? [])).toEqual(after.map((_, at) => at + 1));
    }));
  });

  it('finds the shortest edit', () => {
    expect(diffLines([...'abcabba'], [...'cbabac']).filter((line) => line.type !== 'same')).toHaveLength(5);
  });

  it('gives up on files that have little in common, in bounded time', () => {
    const before = Array.from({ length: 20_000 }, (_, at) => `old ${at}`);
    const after = Array.from({ length: 20_000 }, (_, at) => `new ${at}`);
    const began = performance.now();
    expect(diffLines(before, after)).toHaveLength(40_000);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('hunks', () => {
  it('joins changes whose surroundings touch and parts those that are far apart', () => {
    const before = Array.from({ length: 40 }, (_, at) => `${at}`);
    const after = before.with(5, 'x').with(9, 'y').with(30, 'z');
    expect(hunks(diffLines(before, after)).map((part) => [part[0]!.text, part.at(-1)!.text])).toEqual([['2', '12'], ['27', '33']]);
  });
});
