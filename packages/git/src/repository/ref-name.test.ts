import { describe, expect, it } from 'vitest';
import { isBranchName, isRefName } from './ref-name.ts';

describe('isRefName', () => {
  it.each(['refs/heads/main', 'refs/heads/feature/a-b', 'refs/tags/v1.0', 'refs/notes/x', 'refs/heads/ümlaut', 'refs/heads/@'])('takes %j', (name) => {
    expect(isRefName(name)).toBe(true);
  });

  it.each([
    'main', 'refs/heads', 'refs/heads/', 'refs//heads/x', 'refs/heads/../../x', 'refs/heads/a..b', 'refs/heads/.a', 'refs/heads/a.lock', 'refs/heads/a.lock/b', 'refs/heads/a b',
    'refs/heads/a~1', 'refs/heads/a^', 'refs/heads/a:b', 'refs/heads/a?', 'refs/heads/a*', 'refs/heads/a[', 'refs/heads/a\\b', 'refs/heads/a@{1}', 'refs/heads/a.', 'refs/heads/a\n', 'refs/heads/a\0', `refs/heads/${'x'.repeat(300)}`,
  ])('refuses %j', (name) => {
    expect(isRefName(name)).toBe(false);
  });
});

describe('isBranchName', () => {
  it('refuses what git would take for an option or for HEAD', () => {
    expect(['-d', 'HEAD', 'main', 'a/b'].map(isBranchName)).toEqual([false, false, true, true]);
  });
});
