import { describe, expect, it } from 'vitest';
import { checkStructural } from './check-structural.ts';

const spec = (schema: object): object => ({ type: 'object', properties: { spec: schema } });
const messages = (schema: unknown): readonly string[] =>
  checkStructural(schema, 'schema').map(({ field, message }) => `${field}: ${message}`);

describe(checkStructural, () => {
  it('lets a structural schema pass', () => {
    expect(
      messages({
        type: 'object',
        properties: {
          metadata: { type: 'object', properties: { name: { type: 'string', pattern: '^a$' } } },
          spec: {
            type: 'object',
            required: ['a'],
            default: { a: 'x' },
            properties: {
              a: { type: 'string', default: 'x', pattern: '^[a-z]+$' },
              port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
              any: { 'x-kubernetes-preserve-unknown-fields': true },
              list: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
                items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
              },
            },
            oneOf: [{ required: ['a'] }, { properties: { a: { minLength: 2 } }, required: ['port'] }],
          },
        },
      }),
    ).toEqual([]);
  });

  it.each<readonly [string, unknown, readonly string[]]>([
    ['no schema', null, ['schema: Required value: schemas are required']],
    ['no type at the root', {}, ['schema.type: Required value: must not be empty at the root']],
    ['no type below', spec({}), ['schema.properties[spec].type: Required value: must not be empty for specified object fields']],
    [
      'an unknown type',
      spec({ type: 'file' }),
      ['schema.properties[spec].type: Unsupported value: "file": supported values: "array", "boolean", "integer", "number", "object", "string"'],
    ],
    [
      'types inside of alternatives',
      spec({ type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ properties: { a: { type: 'string', minLength: 1 } } }] }),
      ['schema.properties[spec].anyOf[0].properties[a].type: Forbidden: must be empty to be structural'],
    ],
    [
      'fields that only an alternative knows',
      spec({ type: 'object', anyOf: [{ properties: { a: { minLength: 1 } } }] }),
      [
        'schema.properties[spec].anyOf[0].properties[a]: Required value: because it is defined in schema.properties[spec].anyOf[0].properties[a] and must be declared outside of it too',
      ],
    ],
    [
      'a bad pattern',
      spec({ type: 'string', pattern: '(?<=a)b' }),
      [
        'schema.properties[spec].pattern: Invalid value: "(?<=a)b": must be a valid regular expression, but isn\'t: error parsing regexp: invalid named capture: `(?<=a)b`',
      ],
    ],
    [
      'a default that breaks its own rules',
      spec({ type: 'integer', default: 'x' }),
      ['schema.properties[spec].default: Invalid value: "string": schema.properties[spec].default in body must be of type integer: "string"'],
    ],
    [
      'a map list without keys',
      spec({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }),
      ['schema.properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map'],
    ],
    [
      'a keyword of the wrong type',
      spec({ type: 'object', required: 'a' }),
      ['schema.properties[spec].required: Invalid value: "a": must be of type array'],
    ],
    [
      'rules for metadata',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      [
        'schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
  ])('refuses %s', (_what, schema, expected) => {
    expect(messages(schema)).toEqual(expected);
  });

  it('refuses a schema that is too deep, and says so once', () => {
    let deep: object = { type: 'string' };
    for (let level = 0; level < 5_000; level += 1) deep = spec(deep);
    expect(messages(deep)).toEqual([expect.stringMatching(/Forbidden: schema is too large: at most 100 levels and 50000 schemas$/)]);
  });
});
