import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { PatchError } from './patch-error.ts';

const target = { a: { b: 1, 'x/y': 2, 'm~n': 3 }, list: [1, 2, 3], other: { deep: true } };

describe(applyJsonPatch, () => {
  it.each<readonly [string, readonly object[], object]>([
    ['adds a member', [{ op: 'add', path: '/a/c', value: 2 }], { ...target, a: { ...target.a, c: 2 } }],
    ['inserts an item', [{ op: 'add', path: '/list/1', value: 9 }], { ...target, list: [1, 9, 2, 3] }],
    ['appends an item', [{ op: 'add', path: '/list/-', value: 9 }], { ...target, list: [1, 2, 3, 9] }],
    ['adds null', [{ op: 'add', path: '/a', value: null }], { ...target, a: null }],
    ['removes an item', [{ op: 'remove', path: '/list/0' }], { ...target, list: [2, 3] }],
    ['replaces', [{ op: 'replace', path: '/a/b', value: [] }], { ...target, a: { ...target.a, b: [] } }],
    ['unescapes', [{ op: 'remove', path: '/a/x~1y' }, { op: 'remove', path: '/a/m~0n' }], { ...target, a: { b: 1 } }],
    ['replaces the whole', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    ['moves', [{ op: 'move', from: '/a/b', path: '/other/b' }], { ...target, a: { 'x/y': 2, 'm~n': 3 }, other: { deep: true, b: 1 } }],
    [
      'copies a value that may change afterwards',
      [
        { op: 'copy', from: '/other', path: '/again' },
        { op: 'replace', path: '/again/deep', value: false },
      ],
      { ...target, again: { deep: false } },
    ],
    ['tests', [{ op: 'test', path: '/a/b', value: 1 }, { op: 'test', path: '/nothing', value: null }], target],
  ])('%s', (_what, patch, expected) => {
    const before = structuredClone(target);
    const after = applyJsonPatch<object>(target, patch);
    expect(after).toEqual(expected);
    expect(target).toEqual(before);
  });

  it('shares what it does not touch, and is the target itself after tests alone', () => {
    expect(applyJsonPatch(target, [{ op: 'replace', path: '/a/b', value: 2 }]).other).toBe(target.other);
    expect(applyJsonPatch(target, [{ op: 'test', path: '/a/b', value: 1 }])).toBe(target);
  });

  it.each<readonly [unknown, string, string]>([
    [{}, 'malformed', 'error decoding patch: a JSON patch is a list of operations'],
    [[{ op: 'add', path: '/a' }], 'malformed', 'error decoding patch: operation 0: "value" is missing'],
    [[{ op: 'put', path: '/a' }], 'malformed', 'error decoding patch: operation 0: Unexpected kind: put'],
    [[{ op: 'remove', path: 'a' }], 'malformed', 'error decoding patch: path "a" does not begin with /'],
    [[{ op: 'remove', path: '/no' }], 'inapplicable', 'remove operation does not apply: doc is missing key: /no: missing value'],
    [[{ op: 'replace', path: '/no', value: 1 }], 'inapplicable', 'replace operation does not apply: doc is missing key: /no: missing value'],
    [[{ op: 'add', path: '/no/way', value: 1 }], 'inapplicable', 'add operation does not apply: doc is missing path: "/no/way": missing value'],
    [[{ op: 'add', path: '/list/4', value: 1 }], 'inapplicable', 'add operation does not apply: Unable to access invalid index: 4 of /list/4: invalid index referenced'],
    [[{ op: 'add', path: '/list/01', value: 1 }], 'inapplicable', 'add operation does not apply: Unable to access invalid index: 01 of /list/01: invalid index referenced'],
    [[{ op: 'test', path: '/a/b', value: 2 }], 'inapplicable', 'testing value /a/b failed: test failed'],
    [[{ op: 'move', from: '/a', path: '/a/b' }], 'inapplicable', 'move operation does not apply: /a cannot move into itself'],
    [
      Array.from({ length: 10_001 }, () => ({ op: 'remove', path: '/a' })),
      'malformed',
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
  ])('refuses %j', (patch, kind, message) => {
    expect(() => applyJsonPatch(target, patch)).toThrow(new PatchError(kind as 'malformed', message));
  });

  it('refuses copies that double until memory is gone', () => {
    const bomb = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/n${index}` }));
    expect(() => applyJsonPatch(target, bomb)).toThrow('copy operations in the patch copy more than 3145728 bytes');
  });

  it('treats __proto__ as any other name', () => {
    const after = applyJsonPatch<object>({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(Object.keys(after)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('takes ten thousand operations on one large list in its stride', () => {
    const patch = Array.from({ length: 10_000 }, (_, index) => ({ op: 'add', path: '/list/-', value: index }));
    expect(applyJsonPatch(target, patch).list).toHaveLength(10_003);
  });
});
