import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DEFAULT_PARSE_LIMITS } from './parse-limits.ts';
import { parsePlainYaml } from './parse-plain-yaml.ts';
import { parseYaml, parseYamlDocuments } from './parse-yaml.ts';
import { printYaml } from './print-yaml.ts';

/** A last document that is not plain: the whole grammar reads the text. */
function wholly(text: string): readonly unknown[] | 'refused' {
  try {
    return parseYamlDocuments(`${text}\n--- {end: 1}\n`).slice(0, -1);
  } catch {
    return 'refused';
  }
}

const plainly = (text: string): readonly unknown[] | undefined => parsePlainYaml(text, DEFAULT_PARSE_LIMITS);

describe(parsePlainYaml, () => {
  it.each<readonly [string, unknown]>([
    ['a: 1\nb:\n  c: x y\n  d:\n', [{ a: 1, b: { c: 'x y', d: null } }]],
    ['a:\n- x\n-\n- b: 1\n  c: 2\n- - 1\n  - 2\nd:\n  - e:\n    - f\n', [{ a: ['x', null, { b: 1, c: 2 }, [1, 2]], d: [{ e: ['f'] }] }]],
    ['---\na: {}\n---\n# of b\n- b: []\n', [{ a: {} }, [{ b: [] }]]],
    [`a: "yes: \\"\\n"\nb: 'it''s'\nc: yes\nd: 0644\ne: 22:22\nf: -7\n`, [{ a: 'yes: "\n', b: "it's", c: true, d: 420, e: '22:22', f: -7 }]],
  ])('reads %j itself', (text, value) => {
    expect(plainly(text)).toEqual(value);
    expect(wholly(text)).toEqual(value);
  });

  it.each([
    '', '# only this\n', 'a', '"a"', 'a: b: c', 'a: x\n  y', 'a: x # c', 'a: |\n  x\n', 'a: {b: 1}', 'a: &x 1', 'a: *x', 'a: !!str 1', '? a\n: b', 'a: 1\na: 2', 'a: .inf', '"a": 1', 'a:\tx',
    'a: x\r\n', 'yes: 1', '1: a', '<<: x', '__proto__: 1', 'a:\n    b: 1\n  c: 2', 'a: 1\n- x', '- x\na: 1', '---\na: 1\n---\n', 'a: 1\n...\n', '%YAML 1.2\n---\na: 1', 'a:  \u00A0x', ' a: 1', 'a: "x" y', "a: 'x", 'a: - x',
    `${'- '.repeat(300)}x`,
  ])('leaves %j to the whole grammar', (text) => {
    expect(plainly(text)).toBeUndefined();
  });

  it('reads what it reads as the whole grammar does, whatever the text', () => {
    const piece = fc.constantFrom('a', 'b.c/d', 'x y', '- ', '-', ': ', ':', 'k: ', 'k:', 'n: ', '#', ' #', '"', "'", '{}', '[]', '0644', '1_0', '-1', '~', 'yes', 'null', '...', '---', '%', '|', '&a', '*a', '!', ',', '\\n', '\u00E4', '\u00A0', '=', '<<', '__proto__');
    const noise = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
    const usual = fc.constantFrom('a:', 'b:', 'c:', 'd: x', 'e: "y"', 'f: 1', 'g: {}', '- x', '-', '- a: 1', '- a:', '- - x', '-   b:', '# c', '---', '');
    const line = fc.tuple(fc.constantFrom(0, 0, 0, 2, 2, 4, 1, 3), fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: noise })).map(([indent, content]) => ' '.repeat(indent) + content);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join('\n')), (text) => {
        const value = plainly(text);
        if (value) expect(value, text).toEqual(wholly(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('reads in one go what is printed', () => {
    fc.assert(fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
      expect(parseYaml(printYaml({ value }))).toEqual({ value });
    }));
    expect(plainly(printYaml({ kind: 'X', metadata: { labels: { 'a.b/c': 'yes' }, at: '2026-01-01T00:00:00Z' }, list: [{ a: [], b: {} }, 'two'] }))).toBeDefined();
  });
});

describe(printYaml, () => {
  it('prints to the letter what the library prints', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.array(fc.constantFrom('a', 'x', ' ', ':', '#', '\n', '-', "'", '"', '/', '.', '1', '0', '%', '|', '{', ',', '(', '=', '\t', '?', '---'), { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.constantFrom('yes', 'N', 'null', 'True', 'False', 'TRUE', 'fAlse', '', '~', '2026-01-01', '2026-01-01T00:00:00Z', '12', '012', '1e3', '0x1f', '22:22', '3f2a1b7c-1111-4222-8333-123456789abc', '11111111-1111-4222-8333-123456789012', 'a: b', "Pending: it's #1 ", 'see: "a"', 'one\ntwo\n', 'it has\n\n  indents\n', '{"a":"b"}\n'),
    );
    const key = fc.oneof(fc.constantFrom('a', 'b', 'kubectl.kubernetes.io/last', 'yes', '1', '', 'x y'), text);
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(fc.oneof({ weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c') }, { weight: 1, arbitrary: key }), tie('tree'), { maxKeys: 3, noNullPrototype: true })),
    }));
    fc.assert(
      fc.property(tree, fc.boolean(), (value, sortKeys) => {
        expect(printYaml(value, { sortKeys })).toBe(stringify(value, { schema: 'yaml-1.1', version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: sortKeys }));
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves out members that are undefined', () => {
    expect(printYaml({ a: undefined, b: { c: undefined }, d: [undefined] })).toBe('b: {}\nd:\n- null\n');
  });
});
