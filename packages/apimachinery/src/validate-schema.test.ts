import { describe, expect, it } from 'vitest';
import type { Schema } from './schema.ts';
import { validateSchema } from './validate-schema.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['teamId'],
      properties: {
        env: { type: 'string', enum: ['dev', 'prod'] },
        teamId: { type: 'string', maxLength: 5, minLength: 2 },
        count: { type: 'integer', minimum: 1, maximum: 3 },
        ratio: { type: 'number', exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
        name: { type: 'string', pattern: '^[a-z]+$' },
        at: { type: 'string', format: 'date-time', nullable: true },
        port: { 'x-kubernetes-int-or-string': true },
        labels: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 2 },
        users: { type: 'array', items: { type: 'string' }, maxItems: 3, minItems: 1, 'x-kubernetes-list-type': 'set' },
        ports: {
          type: 'array',
          items: { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer' } }, required: ['name'] },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        source: {
          type: 'object',
          properties: { git: { type: 'string' }, bucket: { type: 'string' } },
          oneOf: [{ required: ['git'] }, { required: ['bucket'] }],
        },
      },
    },
  },
};

const messages = (spec: unknown, old?: unknown): readonly string[] =>
  validateSchema({ spec }, schema, '', old === undefined ? undefined : { spec: old }).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe(validateSchema, () => {
  it('lets a right value pass', () => {
    expect(
      messages({
        env: 'dev',
        teamId: 'acid',
        count: 1,
        ratio: 1.5,
        at: null,
        port: '80%',
        users: ['a', 'b'],
        ports: [{ name: 'a' }, { name: 'b', port: 1 }],
        source: { git: 'x' },
        template: { apiVersion: 'v1', kind: 'Pod', any: 1 },
      }),
    ).toEqual([]);
  });

  it.each<readonly [string, unknown, readonly string[]]>([
    ['an unknown choice', { teamId: 'acid', env: 'x' }, ['spec.env: Unsupported value: "x": supported values: "dev", "prod"']],
    [
      'another type',
      { teamId: 'acid', count: 'three' },
      ['spec.count: Invalid value: "string": spec.count in body must be of type integer: "string"'],
    ],
    ['a missing field', {}, ['spec.teamId: Required value']],
    ['a null', { teamId: null }, ['spec.teamId: Invalid value: "null": spec.teamId in body must be of type string: "null"']],
    ['a long string', { teamId: 'abcdef' }, ['spec.teamId: Too long: may not be more than 5 bytes']],
    ['a short string', { teamId: '😀' }, ['spec.teamId: Invalid value: "😀": spec.teamId in body should be at least 2 chars long']],
    ['a large number', { teamId: 'acid', count: 4 }, ['spec.count: Invalid value: 4: spec.count in body should be less than or equal to 3']],
    [
      'a number at an exclusive limit',
      { teamId: 'acid', ratio: 0 },
      ['spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0'],
    ],
    ['a fraction', { teamId: 'acid', ratio: 0.7 }, ['spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5']],
    ['a pattern', { teamId: 'acid', name: 'A' }, [`spec.name: Invalid value: "A": spec.name in body should match '^[a-z]+$'`]],
    [
      'a format',
      { teamId: 'acid', at: 'today' },
      ['spec.at: Invalid value: "today": spec.at in body must be of type date-time: "today"'],
    ],
    [
      'neither number nor string',
      { teamId: 'acid', port: true },
      ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    ],
    [
      'a map value',
      { teamId: 'acid', labels: { a: 1 } },
      ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"'],
    ],
    ['too many members', { teamId: 'acid', labels: { a: '', b: '', c: '' } }, ['spec.labels: Too many: 3: must have at most 2 items']],
    ['too few items', { teamId: 'acid', users: [] }, ['spec.users: Invalid value: 0: spec.users in body should have at least 1 items']],
    ['a repeated item of a set', { teamId: 'acid', users: ['a', 'a'] }, ['spec.users[1]: Duplicate value: "a"']],
    [
      'a repeated key',
      { teamId: 'acid', ports: [{ name: 'a' }, { name: 'a', port: 2 }] },
      ['spec.ports[1]: Duplicate value: {"name":"a"}'],
    ],
    ['a field of an item', { teamId: 'acid', ports: [{ port: 2 }] }, ['spec.ports[0].name: Required value']],
    [
      'an embedded object without a kind',
      { teamId: 'acid', template: { apiVersion: 'v1' } },
      ['spec.template.kind: Required value: must not be empty'],
    ],
    [
      'no alternative',
      { teamId: 'acid', source: {} },
      [
        'spec.source: Invalid value: "": "spec.source" must validate one and only one schema (oneOf). Found none valid',
        'spec.source.git: Required value',
      ],
    ],
    [
      'two alternatives',
      { teamId: 'acid', source: { git: '', bucket: '' } },
      ['spec.source: Invalid value: "": "spec.source" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
  ])('refuses %s', (_what, spec, expected) => {
    expect(messages(spec)).toEqual(expected);
  });

  it('lets pass what was wrong before and did not change', () => {
    const old = { teamId: 'acid', env: 'old', ports: [{ port: 1 }] };
    expect(messages({ ...old, count: 2, ports: [{ port: 1 }] }, old)).toEqual([]);
    expect(messages({ ...old, env: 'other' }, old)).toEqual([
      'spec.env: Unsupported value: "other": supported values: "dev", "prod"',
    ]);
  });

  it('takes no longer for a pattern that would make a backtracking engine hang', () => {
    const pattern: Schema = { type: 'string', pattern: '^(a+)+$' };
    expect(validateSchema('a'.repeat(50_000), pattern, 'x')).toEqual([]);
    expect(validateSchema(`${'a'.repeat(50_000)}!`, pattern, 'x')).toHaveLength(1);
  });

  it('stops at a hundred causes', () => {
    const list: Schema = { type: 'array', items: { type: 'string' } };
    expect(validateSchema(Array.from({ length: 500 }, () => 1), list, 'x')).toHaveLength(100);
  });
});
