import { describe, expect, it } from 'vitest';
import { matchesLabels, printLabelQuery } from './labels.ts';
import { checkLabelSelector, parseLabelSelector, queryOfSelector } from './parse-selector.ts';

describe(queryOfSelector, () => {
  it('selects nothing when absent and everything when empty', () => {
    expect(matchesLabels(queryOfSelector(undefined), { a: 'b' })).toBe(false);
    expect(matchesLabels(queryOfSelector({}), { a: 'b' })).toBe(true);
  });
  it('joins labels and expressions', () => {
    const query = queryOfSelector({
      matchLabels: { b: 'x' },
      matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }],
    });
    expect(printLabelQuery(query)).toBe('a in (1,2),b=x');
  });
});

describe(checkLabelSelector, () => {
  it('names each field that is wrong', () => {
    const causes = checkLabelSelector(
      { matchExpressions: [{ key: 'a', operator: 'In' }, { key: 'b', operator: 'Near' }] },
      'spec.selector',
    );
    expect(causes.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector.matchExpressions[1].operator: Unsupported value: "Near": supported values: "DoesNotExist", "Exists", "In", "NotIn"',
    ]);
  });
});

describe(parseLabelSelector, () => {
  it('refuses text beyond its limit', () => {
    expect(() => parseLabelSelector('a,'.repeat(40_000))).toThrow('label selector is too long: 80000 characters');
  });
});
