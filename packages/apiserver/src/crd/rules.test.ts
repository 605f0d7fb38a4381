import type { UnstructuredObject } from '@plinth/apimachinery';
import type { JsonSchema } from '@plinth/api';
import { describe, expect, test } from 'vitest';
import { extraCheck, uncompiled } from './rules.ts';

const rules = (...list: object[]): JsonSchema => ({ 'x-kubernetes-validations': list }) as unknown as JsonSchema;
const schema = (spec: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec: { type: 'object', ...spec } } });
const object = (spec: unknown): UnstructuredObject => ({ apiVersion: 'example.com/v1', kind: 'X', metadata: { name: 'x' }, spec });
const check = (spec: JsonSchema, next: unknown, old?: unknown): readonly string[] =>
  (extraCheck(schema(spec))?.(object(next), old === undefined ? undefined : object(old)) ?? []).map(({ field, message }) => `${field}: ${message}`);
const integers: JsonSchema = { properties: { min: { type: 'integer' }, max: { type: 'integer' } } };

describe(extraCheck, () => {
  test('is nothing for a schema without rules', () => {
    expect(extraCheck(schema(integers))).toBeUndefined();
  });

  test('compares integers, and says what the author says', () => {
    const spec = { ...integers, ...rules({ rule: 'self.min <= self.max', message: 'min must not be above max' }) };
    expect(check(spec, { min: 1, max: 1 })).toEqual([]);
    expect(check(spec, { min: 2, max: 1 })).toEqual(['spec: Invalid value: "object": min must not be above max']);
  });

  test('makes messages, names fields, and gives reasons', () => {
    const spec = { ...integers, ...rules({ rule: 'self.max < 10', messageExpression: '"max is " + string(self.max)', fieldPath: '.max', reason: 'FieldValueForbidden' }) };
    expect(check(spec, { min: 1, max: 12 })).toEqual(['spec.max: Forbidden: max is 12']);
    expect(check({ ...integers, ...rules({ rule: 'self.max < 10' }) }, { max: 12 })).toEqual(['spec: Invalid value: "object": failed rule: self.max < 10']);
  });

  test('looks at a change only where something changes', () => {
    const spec: JsonSchema = { properties: { name: { type: 'string', ...rules({ rule: 'self == oldSelf', message: 'name is immutable' }) } } };
    expect(check(spec, { name: 'a' })).toEqual([]);
    expect(check(spec, { name: 'b' }, { name: 'a' })).toEqual(['spec.name: Invalid value: "string": name is immutable']);
  });

  test('finds the items of a map list again by their keys', () => {
    const items: JsonSchema = { type: 'object', properties: { key: { type: 'string' }, n: { type: 'integer' } }, ...rules({ rule: 'self.n >= oldSelf.n', message: 'may only grow' }) };
    const spec: JsonSchema = { properties: { list: { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['key'] } } };
    const old = { list: [{ key: 'a', n: 1 }, { key: 'b', n: 5 }] };
    expect(check(spec, { list: [{ key: 'b', n: 5 }, { key: 'c', n: 0 }, { key: 'a', n: 0 }] }, old)).toEqual(['spec.list[2]: Invalid value: "object": may only grow']);
  });

  test('reads escaped names, optional fields and macros', () => {
    const spec: JsonSchema = { properties: { 'a-b': { type: 'string' }, list: { type: 'array', items: { type: 'string' } } }, ...rules({ rule: '!has(self.a__dash__b) || self.a__dash__b.startsWith("x")' }, { rule: '!has(self.list) || self.list.all(e, e.size() < 4 && e.matches("^[a-z]+$"))' }) };
    expect(check(spec, { 'a-b': 'xy', list: ['abc'] })).toEqual([]);
    expect(check(spec, {})).toEqual([]);
    expect(check(spec, { 'a-b': 'yx', list: ['ABC'] })).toHaveLength(2);
  });

  test('a rule that meets what it did not expect refuses, with the reason', () => {
    expect(check({ ...integers, ...rules({ rule: 'self.min < 5' }) }, {})[0]).toMatch(/^spec: Invalid value: "object": rule evaluation error: .*min/);
  });

  test('a rule that cannot be compiled is named and does not count', () => {
    const spec = { ...integers, ...rules({ rule: 'self.min.unheardOf(1) ==' }) };
    expect(check(spec, { min: 1 })).toEqual([]);
    expect(uncompiled(schema(spec))).toEqual([expect.stringContaining('self.min.unheardOf(1) ==: ')]);
  });
});
