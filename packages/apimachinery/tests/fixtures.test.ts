import { describe, expect, it } from 'vitest';
import type { NameRule } from '../src/index.ts';
import * as apimachinery from '../src/index.ts';
import {
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  parseQuantity,
  printFieldQuery,
  printLabelQuery,
  printQuantity,
} from '../src/index.ts';
import fieldSelectors from '../../../conformance/apimachinery/field-selectors.json' with { type: 'json' };
import labelSelectors from '../../../conformance/apimachinery/label-selectors.json' with { type: 'json' };
import names from '../../../conformance/apimachinery/names.json' with { type: 'json' };
import quantities from '../../../conformance/apimachinery/quantities.json' with { type: 'json' };

const rules = apimachinery as unknown as Record<string, NameRule>;

describe.each(Object.entries(names))('%s', (rule, { valid, invalid }) => {
  it.each(valid)('takes %j', (value) => expect(rules[rule]?.(value)).toEqual([]));
  it.each(invalid)('refuses $value', ({ value, messages }) => expect(rules[rule]?.(value)).toEqual(messages));
});

describe('label selectors', () => {
  it.each(labelSelectors.valid)('reads "$text"', ({ text, canonical, matches, misses }) => {
    const query = parseLabelSelector(text);
    expect(printLabelQuery(query)).toBe(canonical);
    expect(parseLabelSelector(canonical)).toEqual(query);
    for (const labels of matches) expect(matchesLabels(query, labels as Record<string, string>), JSON.stringify(labels)).toBe(true);
    for (const labels of misses) expect(matchesLabels(query, labels as Record<string, string>), JSON.stringify(labels)).toBe(false);
  });
  it.each(labelSelectors.invalid)('refuses "$text"', ({ text, message }) => {
    expect(() => parseLabelSelector(text)).toThrow(new apimachinery.ParseError(message));
  });
});

describe('field selectors', () => {
  it.each(fieldSelectors.valid)('reads "$text"', ({ text, canonical, matches, misses }) => {
    const query = parseFieldSelector(text);
    expect(printFieldQuery(query)).toBe(canonical);
    for (const object of matches) expect(matchesFields(query, object), JSON.stringify(object)).toBe(true);
    for (const object of misses) expect(matchesFields(query, object), JSON.stringify(object)).toBe(false);
  });
  it.each(fieldSelectors.invalid)('refuses "$text"', ({ text, message }) => {
    expect(() => parseFieldSelector(text)).toThrow(new apimachinery.ParseError(message));
  });
});

describe('quantities', () => {
  it.each(quantities.valid)('reads $text as $canonical', ({ text, canonical, nano }) => {
    const quantity = parseQuantity(text);
    expect(String(quantity.nano)).toBe(nano);
    if (text !== '1e999999999') expect(printQuantity(quantity)).toBe(canonical);
  });
  it.each(quantities.invalid)('refuses "$text"', ({ text, message }) => {
    expect(() => parseQuantity(text)).toThrow(new apimachinery.ParseError(message));
  });
});
