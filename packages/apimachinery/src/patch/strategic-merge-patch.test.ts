import { describe, expect, it } from 'vitest';
import type { Schema } from '../schema.ts';
import { PatchError } from './patch-error.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    containers: {
      type: 'array',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          args: { type: 'array', items: { type: 'string' } },
          env: {
            type: 'array',
            'x-kubernetes-patch-strategy': 'merge',
            'x-kubernetes-patch-merge-key': 'name',
            items: { type: 'object' },
          },
        },
      },
    },
    finalizers: { type: 'array', 'x-kubernetes-patch-strategy': 'merge', items: { type: 'string' } },
    strategy: { type: 'object', 'x-kubernetes-patch-strategy': 'retainKeys' },
    whole: { type: 'object', 'x-kubernetes-patch-strategy': 'replace' },
  },
};

const target = {
  containers: [
    { name: 'a', image: 'a:1', args: ['1', '2'], env: [{ name: 'X', value: '1' }] },
    { name: 'b', image: 'b:1' },
    { name: 'c', image: 'c:1' },
  ],
  finalizers: ['one', 'two'],
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
  whole: { x: 1 },
  labels: { a: '1', b: '2' },
};
const [a, b, c] = target.containers;

describe(applyStrategicMergePatch, () => {
  it.each<readonly [string, object, object]>([
    ['merges maps and removes nulls', { labels: { a: null, c: '3' } }, { labels: { b: '2', c: '3' } }],
    [
      'merges items by their key',
      { containers: [{ name: 'b', image: 'b:2' }] },
      { containers: [a, { name: 'b', image: 'b:2' }, c] },
    ],
    ['appends items that are new', { containers: [{ name: 'd', image: 'd:1', x: null }] }, { containers: [a, b, c, { name: 'd', image: 'd:1' }] }],
    ['deletes items', { containers: [{ name: 'b', $patch: 'delete' }] }, { containers: [a, c] }],
    ['replaces the list', { containers: [{ $patch: 'replace' }, { name: 'z' }] }, { containers: [{ name: 'z' }] }],
    [
      'replaces an item',
      { containers: [{ name: 'a', $patch: 'replace', image: 'new' }] },
      { containers: [{ name: 'a', image: 'new' }, b, c] },
    ],
    [
      'merges lists inside of items, and replaces those that do not merge',
      { containers: [{ name: 'a', args: ['3'], env: [{ name: 'Y', value: '2' }] }] },
      { containers: [{ ...a, args: ['3'], env: [{ name: 'X', value: '1' }, { name: 'Y', value: '2' }] }, b, c] },
    ],
    [
      'orders items as told, and keeps those of the server in their place',
      { '$setElementOrder/containers': [{ name: 'd' }, { name: 'c' }, { name: 'a' }], containers: [{ name: 'd' }] },
      { containers: [b, { name: 'd' }, c, a] },
    ],
    ['orders without other changes', { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] }, { containers: [c, b, a] }],
    ['joins scalars', { finalizers: ['two', 'three'] }, { finalizers: ['one', 'two', 'three'] }],
    ['deletes scalars', { '$deleteFromPrimitiveList/finalizers': ['one'] }, { finalizers: ['two'] }],
    [
      'deletes and joins scalars at once',
      { '$deleteFromPrimitiveList/finalizers': ['one'], '$setElementOrder/finalizers': ['three', 'two'], finalizers: ['three'] },
      { finalizers: ['three', 'two'] },
    ],
    ['retains only the keys told', { strategy: { $retainKeys: ['type'], type: 'Recreate' } }, { strategy: { type: 'Recreate' } }],
    ['replaces a map', { labels: { $patch: 'replace', z: '1' } }, { labels: { z: '1' } }],
    ['deletes a map', { labels: { $patch: 'delete' } }, { labels: undefined }],
    ['replaces what its schema says to replace', { whole: { y: 2 } }, { whole: { y: 2 } }],
  ])('%s', (_what, patch, expected) => {
    const before = structuredClone(target);
    expect(applyStrategicMergePatch(target, patch, schema)).toEqual({ ...target, ...expected });
    expect(target).toEqual(before);
  });

  it('returns the target itself when nothing changes', () => {
    expect(applyStrategicMergePatch(target, { containers: [{ name: 'a', image: 'a:1' }], labels: { a: '1' } }, schema)).toBe(target);
  });

  it.each<readonly [object, string]>([
    [{ containers: [{ image: 'x' }] }, 'map: {"image":"x"} does not contain declared merge key: name'],
    [{ labels: { $patch: 'drop' } }, 'unknown patch type found: "drop"'],
    [{ '$deleteFromPrimitiveList/finalizers': 'one' }, '$deleteFromPrimitiveList/finalizers must be a list'],
  ])('refuses %j', (patch, message) => {
    expect(() => applyStrategicMergePatch(target, patch, schema)).toThrow(new PatchError('malformed', message));
  });
});
