import { describe, expect, it } from 'vitest';
import { validateObjectMeta } from './validate-object-meta.ts';

const messages = (metadata: unknown, namespaced = true): readonly string[] =>
  validateObjectMeta(metadata, { namespaced }).map(({ field, message }) => `${field}: ${message}`);

describe(validateObjectMeta, () => {
  it('lets right metadata pass', () => {
    const labels = { 'kratix.io/promise-name': 'x', 'kratix.io/UPPER': '' };
    expect(messages({ name: 'a.b', namespace: 'default', labels, annotations: { 'A.b/C': 'any text ☃' }, finalizers: ['a.b/c'] })).toEqual([]);
    expect(messages({ generateName: 'a-' }, false)).toEqual([]);
  });

  it.each<readonly [unknown, readonly string[]]>([
    [{ namespace: 'default' }, ['metadata.name: Required value: name or generateName is required']],
    [{ name: 'a' }, ['metadata.namespace: Required value']],
    [
      { name: 'a', namespace: 'b', labels: { 'a b': 'x', ok: 7 }, annotations: { a: 'x'.repeat(262_144) } },
      [
        `metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        'metadata.labels.ok: Invalid value: 7: must be a string',
        'metadata.annotations: Too long: may not be more than 262144 bytes',
      ],
    ],
    [{ name: 'a', namespace: 'a.b' }, ['metadata.namespace: Invalid value: "a.b": must not contain dots']],
  ])('refuses %j', (metadata, expected) => {
    expect(messages(metadata)).toEqual(expected);
  });

  it('refuses a namespace where there is none', () => {
    expect(messages({ name: 'a', namespace: 'b' }, false)).toEqual(['metadata.namespace: Forbidden: not allowed on this type']);
  });
});
