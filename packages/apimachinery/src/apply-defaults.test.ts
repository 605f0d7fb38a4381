import { describe, expect, it } from 'vitest';
import type { Schema } from './schema.ts';
import { applyDefaults } from './apply-defaults.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    env: { type: 'string', default: 'dev' },
    note: { type: 'string', nullable: true },
    plain: { type: 'string' },
    nested: { type: 'object', properties: { size: { type: 'string', default: '1Gi' } } },
    made: { type: 'object', default: {}, properties: { n: { type: 'integer', default: 1 } } },
    list: { type: 'array', items: { type: 'object', properties: { protocol: { type: 'string', default: 'TCP' } } } },
    map: { type: 'object', additionalProperties: { type: 'object', properties: { on: { type: 'boolean', default: false } } } },
  },
};

describe(applyDefaults, () => {
  it('fills in what is missing where the object around it is there', () => {
    expect(applyDefaults({ list: [{}, { protocol: 'UDP' }], map: { a: {} } }, schema)).toEqual({
      env: 'dev',
      made: { n: 1 },
      list: [{ protocol: 'TCP' }, { protocol: 'UDP' }],
      map: { a: { on: false } },
    });
  });

  it('drops nulls that are not nullable, and takes the default instead when there is one', () => {
    expect(applyDefaults({ env: null, note: null, plain: null, made: {} }, schema)).toEqual({ env: 'dev', note: null, made: { n: 1 } });
  });

  it('returns the same object when nothing is to be done, and changes none', () => {
    const whole = { env: 'prod', made: { n: 2 }, nested: { size: '2Gi' }, list: [{ protocol: 'TCP' }] };
    expect(applyDefaults(whole, schema)).toBe(whole);
    const partial = Object.freeze({ nested: Object.freeze({}), list: whole.list });
    const filled = applyDefaults<object>(partial, schema);
    expect(filled).toMatchObject({ nested: { size: '1Gi' } });
    expect((filled as typeof partial).list).toBe(whole.list);
    expect(partial.nested).toEqual({});
  });
});
