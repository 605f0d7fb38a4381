import { describe, expect, it } from 'vitest';
import { parseYaml, parseYamlDocuments } from './parse-yaml.ts';
import { printYaml, printYamlDocuments } from './print-yaml.ts';

/** Nine levels of nine aliases each: 387 million values when expanded. */
const laughs = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, index) => {
  const inner = `*${'abcdefgh'[index]}`;
  return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(',')}]`;
})].join('\n');

describe(parseYaml, () => {
  it.each<readonly [string, unknown]>([
    ['', null],
    ['a: 1', { a: 1 }],
    ['{"a": [1, "x", null, true]}', { a: [1, 'x', null, true] }],
    ['mode: 0644', { mode: 420 }],
    ['mode: 0o644', { mode: 420 }],
    ['a: yes\nb: "yes"\nc: off\nd: y', { a: true, b: 'yes', c: false, d: 'y' }],
    ['ports: ["22:22", 22:22]', { ports: ['22:22', '22:22'] }],
    ['version: 1.20', { version: 1.2 }],
    ['a: 1e3\nb: 1_000\nc: 0x1F\nd: 1.2.3\ne: .5\nf: -7\ng: +3', { a: 1000, b: 1000, c: 31, d: '1.2.3', e: 0.5, f: -7, g: 3 }],
    ['at: 2026-01-01\nt: 2026-01-01T00:00:00Z', { at: '2026-01-01', t: '2026-01-01T00:00:00Z' }],
    ['a: ~\nb:\nc: null\nd: ""', { a: null, b: null, c: null, d: '' }],
    ['1: a\ntrue: b', { '1': 'a', true: 'b' }],
    ['a: !!str 12', { a: '12' }],
    ['a: |\n  x\n  y\nb: >-\n  x\n  y', { a: 'x\ny\n', b: 'x y' }],
    ['base: &b {x: 1, y: 2}\nd: {<<: *b, y: 3}\ne: {<<: [*b, {z: 4}]}', { base: { x: 1, y: 2 }, d: { x: 1, y: 3 }, e: { x: 1, y: 2, z: 4 } }],
    ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
  ])('reads %j', (text, value) => {
    expect(parseYaml(text)).toEqual(value);
  });

  it('reads JSON with the speed of JSON, and still refuses a key that stands twice', () => {
    const text = JSON.stringify({ list: Array.from({ length: 100_000 }, (_, index) => ({ index, text: 'yes' })) });
    expect(parseYaml(text)).toEqual(JSON.parse(text));
    expect(() => parseYaml('{"a":1,\n"a":2}')).toThrow('yaml: line 2: key "a" already set in map');
  });

  it('reads __proto__ as any other key', () => {
    const value = parseYaml('__proto__: {polluted: 1}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each<readonly [string, string, string | RegExp]>([
    ['a key that stands twice', 'a: 1\nb: 2\na: 3', 'yaml: line 3: key "a" already set in map'],
    ['what is no YAML', 'a: 1\nb: c: 2', 'yaml: line 2: Nested mappings are not allowed in compact mappings'],
    ['two documents', 'a: 1\n---\nb: 2', 'yaml: found 2 documents where one was expected'],
    ['an unknown anchor', 'a: *x', /^yaml: line 1: /],
    ['an anchor in itself', 'a: &x [*x]', /^yaml: line 1: .*contains itself$/],
    ['infinity', 'a: .inf', 'yaml: line 1: .inf has no value in JSON'],
    ['maps as keys', '? {a: 1}\n: b', 'yaml: line 1: map keys must be scalars'],
    ['a billion laughs', laughs, /^yaml: line \d: document contains excessive aliasing$/],
    ['aliases that nest too deep', `a0: &a0 {x: 1}\n${Array.from({ length: 300 }, (_, n) => `a${n + 1}: &a${n + 1} {x: *a${n}}`).join('\n')}`, /more than 256 levels deep$/],
    ['brackets that nest too deep', '['.repeat(1_000_000), /^yaml: line 1: more than 256 levels deep$/],
    ['dashes that nest too deep', '- '.repeat(500_000), /^yaml: line 1: more than 256 levels deep$/],
    ['braces that nest too deep', '{a: '.repeat(100_000), /^yaml: line 1: more than 256 levels deep$/],
    ['question marks that nest too deep', '? '.repeat(500_000), /^yaml: line 1: more than 256 levels deep$/],
    ['too long a text', ' '.repeat(4_000_000), 'yaml: text is too long: 4000000 characters, at most 3145728'],
  ])('refuses %s', (_what, text, message) => {
    const start = performance.now();
    expect(() => parseYaml(text)).toThrow(message);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('tells of a key that stands twice when asked to, and takes the last one', () => {
    const duplicates: string[] = [];
    expect(parseYaml('spec: {a: 1, a: 2}\nl: [{b: 1, b: 2}]', { onDuplicate: (path) => duplicates.push(path) })).toEqual({ spec: { a: 2 }, l: [{ b: 2 }] });
    expect(duplicates).toEqual(['spec.a', 'l[0].b']);
  });

  it('reads a map of many keys in a time that grows with their number', () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `key${index}: v`).join('\n');
    expect(Object.keys(parseYaml(text) as object)).toHaveLength(30_000);
  });
});

describe('quoted scalars whose further lines are not indented', () => {
  it.each([
    ['a: "x\ny"\nb: 1\n', { a: 'x y', b: 1 }],
    ["a: 'x\ny\n\nz'\nb: 1\n", { a: 'x y\nz', b: 1 }],
    ['list:\n- a: "x\ny"\n  b: 1\n', { list: [{ a: 'x y', b: 1 }] }],
    ['a:\n    b: "x\n  y"\n', { a: { b: 'x y' } }],
  ])('are read as Kubernetes reads them: %j', (text, value) => {
    expect(parseYaml(text)).toEqual(value);
  });

  it.each([
    ['a: "x\nb: 1\n', 'yaml: line 3: Missing closing "quote'],
    ['a: "x\nb: "y"\n', 'yaml: line 1: Missing closing "quote'],
    ['a: "x\n---\nb: "\n', 'yaml: line 1: Missing closing "quote'],
    [`a: "x${'\ny'.repeat(21)}"\n`, 'yaml: line 1: Missing closing "quote'],
  ])('are refused where no quote ends them: %j', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });
});

describe(parseYamlDocuments, () => {
  it('leaves out empty documents', () => {
    expect(parseYamlDocuments('---\na: 1\n---\n# nothing\n---\n\n---\nb: 2\n...\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });
});

describe(printYaml, () => {
  const value = {
    kind: 'X',
    apiVersion: 'v1',
    list: [{ a: 1, b: 'two' }, []],
    tricky: ['yes', 'y', '0644', '1_000', '22:22', '2026-01-01', '1e3', 'null', '~', '', ' x', '#', 'a: b', '- c', '*', '0x1F', '.inf', '=', '<<'],
    text: 'one\ntwo\n',
    long: 'x '.repeat(100),
  };

  it('prints so that it reads back the same', () => {
    expect(parseYaml(printYaml(value))).toEqual(value);
    expect(parseYamlDocuments(printYamlDocuments([value, { b: 1 }]))).toEqual([value, { b: 1 }]);
  });

  it('prints as kubectl does', () => {
    const shared = { x: 1 };
    expect(printYaml({ b: [shared, shared], a: 'one\ntwo\n' }, { sortKeys: true })).toBe('a: |\n  one\n  two\nb:\n- x: 1\n- x: 1\n');
  });
});
