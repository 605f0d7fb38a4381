import { describe, expect, it } from 'vitest';
import type { Schema } from './schema.ts';
import { pruneUnknown, strictDecodingMessage } from './prune-unknown.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: { type: 'string' },
        list: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { b: { type: 'object', properties: {} } } },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
      },
    },
  },
};

describe(pruneUnknown, () => {
  it('drops and names what the schema does not know', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x', labels: { a: 'b' }, what: 1 },
      spec: {
        a: 'a',
        foo: 1,
        list: [{ name: 'x' }, { name: 'y', bar: 2 }],
        free: { any: { thing: 1 }, b: { c: 1 } },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status: {} },
      },
    };
    const { value, unknown } = pruneUnknown(object, schema, { root: true });
    expect(unknown).toEqual(['metadata.what', 'spec.foo', 'spec.list[1].bar', 'spec.free.b.c', 'spec.template.status']);
    expect(value).toEqual({
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x', labels: { a: 'b' } },
      spec: {
        a: 'a',
        list: [{ name: 'x' }, { name: 'y' }],
        free: { any: { thing: 1 }, b: {} },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
      },
    });
    expect(value.spec.list[0]).toBe(object.spec.list[0]);
    expect(strictDecodingMessage(unknown.slice(1, 3))).toBe(
      'strict decoding error: unknown field "spec.foo", unknown field "spec.list[1].bar"',
    );
  });

  it('returns the same object when all is known', () => {
    const object = { spec: { a: 'a', list: [{ name: 'x' }], free: { any: 1 } } };
    expect(pruneUnknown(object, schema).value).toBe(object);
  });

  it('is not fooled by names that every object inherits', () => {
    const object = JSON.parse('{"spec":{"constructor":1,"__proto__":{"a":1}}}') as object;
    const { value, unknown } = pruneUnknown(object, schema);
    expect(unknown).toEqual(['spec.constructor', 'spec.__proto__']);
    expect(value).toEqual({ spec: {} });
  });
});
