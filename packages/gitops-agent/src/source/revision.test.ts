import { describe, expect, it } from 'vitest';
import { chooseRevision } from './revision.ts';

const commit = (digit: string): string => digit.repeat(40);
const refs = new Map([
  ['refs/heads/main', commit('1')],
  ['refs/heads/master', commit('2')],
  ['refs/tags/v1.2.0', commit('3')],
  ['refs/tags/v1.10.1', commit('4')],
  ['refs/tags/v2.0.0', commit('5')],
  ['refs/tags/v3.0.0-rc.1', commit('6')],
]);

describe(chooseRevision, () => {
  it.each([
    [undefined, `master@sha1:${commit('2')}`],
    [{ branch: 'main' }, `main@sha1:${commit('1')}`],
    [{ branch: 'main', tag: 'v1.2.0' }, `v1.2.0@sha1:${commit('3')}`],
    [{ semver: '1.x' }, `v1.10.1@sha1:${commit('4')}`],
    [{ semver: '>=1.2.0 <2.0.0' }, `v1.10.1@sha1:${commit('4')}`],
    [{ semver: '~1.2' }, `v1.2.0@sha1:${commit('3')}`],
    [{ semver: '^1.2 || ^2' }, `v2.0.0@sha1:${commit('5')}`],
    [{ semver: '*' }, `v2.0.0@sha1:${commit('5')}`],
    [{ tag: 'v1.2.0', name: 'refs/heads/main' }, `refs/heads/main@sha1:${commit('1')}`],
    [{ branch: 'main', commit: commit('9') }, `main@sha1:${commit('9')}`],
    [{ commit: commit('9') }, `sha1:${commit('9')}`],
    [{ branch: 'nope' }, undefined],
    [{ semver: '>9' }, undefined],
  ])('of %j is %s', (reference, revision) => {
    expect(chooseRevision(reference, refs)?.revision).toBe(revision);
  });
});
