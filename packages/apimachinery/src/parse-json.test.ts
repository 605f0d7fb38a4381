import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

describe(parseJson, () => {
  it('names keys that stand twice, with their paths', () => {
    const text = '{"a":1,"spec":{"list":[{"x":1},{"y":":","y":"\\"{"}],"b":{"c":1}},"a":2,"spec2":[[],{"d\\u0041":1,"dA":2}]}';
    expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates: ['spec.list[1].y', 'a', 'spec2[1].dA'] });
  });

  it('finds none where there are none', () => {
    expect(parseJson('{"a:b":{"c":"d:e"},"f":[":"]}').duplicates).toEqual([]);
  });

  it.each<readonly [string, string, RegExp]>([
    ['text that is no JSON', '{"a":', /^json: /],
    ['too many levels', '['.repeat(100_000) + ']'.repeat(100_000), /^json: more than 256 levels deep$/],
    ['too many values', `[${'1,'.repeat(500_001)}1]`, /^json: more than 500000 values$/],
    ['too long a text', ' '.repeat(4_000_000), /^json: text is too long: 4000000 characters, at most 3145728$/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });
});
