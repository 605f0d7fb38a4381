import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';

/** The cases of RFC 7386, appendix A. */
const cases: readonly (readonly [unknown, unknown, unknown])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('x', 'y', 1, 2, true, ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe(applyMergePatch, () => {
  it.each(cases)('of %j with %j is %j', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected);
  });

  it('returns the target itself when nothing changes, and shares the rest otherwise', () => {
    const target = { a: { b: 1 }, c: { d: [1] } };
    expect(applyMergePatch(target, { a: { b: 1 }, c: { d: [1] }, gone: null })).toBe(target);
    expect((applyMergePatch(target, { a: { b: 2 } }) as typeof target).c).toBe(target.c);
  });

  it('reaches any target by the patch that leads there, and stays there when applied again', () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        const patch = createMergePatch(from, to);
        if (patch === undefined) expect(from).toEqual(to);
        else {
          const reached = applyMergePatch(from, patch);
          expect(reached).toEqual(to);
          expect(applyMergePatch(reached, patch)).toBe(reached);
        }
      }),
      { numRuns: 300 },
    );
  });
});
