import { describe, expect, it } from 'vitest';
import { evaluateJsonPath, parseJsonPath } from './json-path.ts';

const object = {
  metadata: { name: 'x', labels: { 'kratix.io/promise-name': 'postgresql' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', n: 3 },
      { type: 'Works', status: 'False', n: 1 },
    ],
  },
};

describe(evaluateJsonPath, () => {
  it.each([
    ['.metadata.name', ['x']],
    ['{.metadata.name}', ['x']],
    ['$.metadata.name', ['x']],
    [".metadata.labels['kratix.io/promise-name']", ['postgresql']],
    ['.metadata.labels.kratix\\.io/promise-name', ['postgresql']],
    ['.status.conditions[0].type', ['Ready']],
    ['.status.conditions[-1].type', ['Works']],
    ['.status.conditions[1:].type', ['Works']],
    ['.status.conditions[*].type', ['Ready', 'Works']],
    ['.status.conditions[0,1].n', [3, 1]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
    ['.status.conditions[?(@.n > 2)].type', ['Ready']],
    ['.status.conditions[?(@.missing)].type', []],
    ['..type', ['Ready', 'Works']],
    ['.spec.missing[0].deep', []],
    ['.metadata.constructor', []],
    ['.', [object]],
  ])('finds %s', (path, expected) => {
    expect(evaluateJsonPath(parseJsonPath(path), object)).toEqual(expected);
  });

  it.each([
    ['metadata', `invalid JSONPath "metadata": expected '.' or '[' at position 0`],
    ['.a[', 'invalid JSONPath ".a[": ] is missing at position 2'],
    ['.a[x]', 'invalid JSONPath ".a[x]": brackets are not understood at position 2'],
    ['.a..', 'invalid JSONPath ".a..": a name is missing at position 4'],
  ])('refuses %s', (path, message) => {
    expect(() => parseJsonPath(path)).toThrow(message);
  });
});
