import { describe, expect, it } from 'vitest';
import { parseIgnore } from './ignore.ts';

describe(parseIgnore, () => {
  it.each([
    ['*.md', 'a/b.md', false, true],
    ['/a', 'b/a', false, false],
    ['a/', 'a', true, true],
    ['a/', 'a', false, false],
    ['**/x.yaml', 'x.yaml', false, true],
    ['**/x.yaml', 'p/q/x.yaml', false, true],
    ['p/**', 'p', true, false],
    ['p/**', 'p/q', false, true],
    ['p/*.yaml', 'p/q/r.yaml', false, false],
    ['[a-c]?.yaml', 'b1.yaml', false, true],
    ['[!a]*', 'abc', false, false],
    ['*\n!keep.yaml', 'keep.yaml', false, false],
    ['secret.yaml\n*.txt', 'a/secret.yaml', false, true],
    ['secret.yaml\n*.txt', 'a/b.txt', false, true],
    ['a/\n*.txt', 'x/a', false, false],
    ['# nothing\n', '# nothing', false, false],
    ['a*a*a*a*b', 'a'.repeat(200), false, false],
  ])('%j of %s is as in git', (text, path, isFolder, ignored) => {
    expect(parseIgnore(text)(path, isFolder)).toBe(ignored);
  });
});
