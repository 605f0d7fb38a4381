import { describe, expect, it } from 'vitest';
import { canonicalJson, requestHash, specHash } from './spec-hash.ts';
import { DEFAULT_GROUP_ID, md5hex, stableName, trimName } from './stable-name.ts';

describe(stableName, () => {
  it("gives Kratix's names", () => {
    expect(stableName('example-redis')).toBe('example-redis-e7f90');
    expect(md5hex('.')).toBe('5058f1af8388633f609cadb75a75dc9d');
    expect(DEFAULT_GROUP_ID.slice(0, 5)).toBe('5058f');
  });
  it('keeps 57 characters, cuts longer names to 56 and never ends in a dash', () => {
    expect(trimName('a'.repeat(57))).toHaveLength(57);
    expect(trimName('a'.repeat(58))).toHaveLength(56);
    expect(trimName(`${'a'.repeat(54)}---b-b-b`)).toBe('a'.repeat(54));
    expect(stableName('a'.repeat(100))).toHaveLength(62);
  });
});

describe(specHash, () => {
  it('does not depend on the order of keys and sees every change', () => {
    expect(specHash({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(specHash({ b: [{ d: 3, c: 2 }], a: 1 }));
    expect(specHash({ a: 1 })).not.toBe(specHash({ a: '1' }));
    expect(specHash(undefined)).toBe(md5hex('null'));
  });
  it("escapes as Go's encoder does", () => {
    expect(canonicalJson({ a: '<&>\u2028' })).toBe(String.raw`{"a":"\u003c\u0026\u003e\u2028"}`);
  });
  it('makes a request run again when the Promise changes', () => {
    expect(requestHash({ p: 1 }, { r: 1 })).not.toBe(requestHash({ p: 2 }, { r: 1 }));
  });
});
