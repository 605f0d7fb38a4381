import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPatch, updateManagedFields, type UnstructuredObject } from '../src/index.ts';
import { deepEqual } from '../src/deep-equal.ts';
import { parseFieldsV1, printFieldsV1 } from '../src/field-ownership/fields-v1.ts';
import { EMPTY_TRIE, equalTries, intersectTries, unionTries, type FieldTrie } from '../src/field-ownership/field-trie.ts';
import { toFieldSet, withoutIdentity } from '../src/field-ownership/to-field-set.ts';
import { schema } from './ownership-schema.ts';

const text = fc.constantFrom('1', '2', '3');
const config: fc.Arbitrary<UnstructuredObject> = fc
  .record(
    {
      a: text,
      b: fc.integer({ min: 0, max: 2 }),
      nested: fc.record({ x: text, y: text }, { requiredKeys: [] }),
      atomicMap: fc.dictionary(fc.constantFrom('p', 'q'), text, { noNullPrototype: true }),
      atomicList: fc.array(text, { maxLength: 2 }),
      set: fc.uniqueArray(text, { minLength: 1 }),
      ports: fc.uniqueArray(
        fc.record({ port: fc.constantFrom(80, 81, 82), name: text, target: text }, { requiredKeys: ['port'] }),
        { selector: ({ port }) => port, minLength: 1 },
      ),
      free: fc.dictionary(fc.constantFrom('k', 'l'), fc.oneof(text, fc.dictionary(fc.constantFrom('m', 'n'), text, { noNullPrototype: true })), {
        noNullPrototype: true,
      }),
    },
    { requiredKeys: [] },
  )
  .chain((spec) =>
    fc
      .dictionary(fc.constantFrom('l1', 'l2'), text, { noNullPrototype: true })
      .map((labels) => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', labels }, spec })),
  );

const time = '2026-01-01T00:00:00Z';
function apply(live: UnstructuredObject | undefined, manager: string, patch: UnstructuredObject, force = true): UnstructuredObject | undefined {
  const outcome = applyPatch({ live, patch, manager, force, schema, apiVersion: 'v1', time });
  return outcome.kind === 'applied' ? outcome.object : undefined;
}
const contents = (object: UnstructuredObject | undefined): UnstructuredObject | undefined => {
  if (!object) return undefined;
  const { managedFields: _fields, ...metadata } = object.metadata;
  return sorted({ ...object, metadata }) as UnstructuredObject;
};

/** The order of items in sets and list-maps is no content; empty maps are none either. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted((value as Record<string, unknown>)[key])] as const)
      .filter(([, member]) => !deepEqual(member, {})),
  );
}

const fieldsOf = (object: UnstructuredObject, manager?: string): FieldTrie =>
  (object.metadata.managedFields ?? [])
    .filter((entry) => manager === undefined || entry.manager === manager)
    .reduce<FieldTrie>((all, entry) => unionTries(all, parseFieldsV1(entry.fieldsV1) ?? EMPTY_TRIE), EMPTY_TRIE);
const applied = (patch: UnstructuredObject): FieldTrie => withoutIdentity(toFieldSet(patch, schema, true));

const runs = { numRuns: 200 };

describe('server-side apply, for any configurations', () => {
  it('is done once it is done', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = apply(apply(undefined, 'a', first), 'b', second);
        expect(apply(live, 'b', structuredClone(second))).toBe(live);
      }),
      runs,
    );
  });

  it('ends where the last configuration says when there is one manager', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = apply(apply(undefined, 'a', first), 'a', second);
        expect(contents(live)).toEqual(contents(apply(undefined, 'a', second)));
      }),
      runs,
    );
  });

  it('gives the manager exactly what it applied, and the object holds it', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = apply(apply(undefined, 'a', first), 'b', second) as UnstructuredObject;
        expect(equalTries(fieldsOf(live, 'b'), applied(second))).toBe(true);
        const wanted = leaves(applied(second));
        const held = everyNode(applied(live));
        expect(equalTries(intersectTries(wanted, held), wanted)).toBe(true);
      }),
      runs,
    );
  });

  it('without force changes nothing that another manager owns', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = apply(undefined, 'a', first) as UnstructuredObject;
        const after = apply(live, 'b', second, false);
        if (after) expect(equalTries(fieldsOf(after, 'a'), fieldsOf(live, 'a'))).toBe(true);
      }),
      runs,
    );
  });

  it('returns to the first state when a second manager comes and goes', () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = apply(undefined, 'a', first) as UnstructuredObject;
        const both = apply(live, 'b', agreeing(first, second), false);
        expect(both).toBeDefined();
        const nothing = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' } };
        expect(contents(apply(both, 'b', nothing))).toEqual(contents(live));
      }),
      runs,
    );
  });

  it('leaves no leaf without an owner after updates', () => {
    fc.assert(
      fc.property(config, config, config, (first, second, third) => {
        const created = update(undefined, 'a', first);
        const live = update(update(created, 'b', second), 'c', third);
        const held = leaves(applied(live));
        expect(equalTries(intersectTries(fieldsOf(live), held), held)).toBe(true);
      }),
      runs,
    );
  });

  it('prints field sets so that they read back the same', () => {
    fc.assert(
      fc.property(config, (first) => {
        const trie = applied(first);
        const copy = parseFieldsV1(structuredClone(printFieldsV1(trie)));
        expect(copy && equalTries(copy, trie)).toBe(true);
      }),
      runs,
    );
  });
});

function update(live: UnstructuredObject | undefined, manager: string, next: UnstructuredObject): UnstructuredObject {
  const managedFields = updateManagedFields({ live, next, manager, schema, apiVersion: 'v1', time });
  return { ...next, metadata: { ...next.metadata, managedFields } };
}

/** `second` without contradiction to `first`: the same value where `first` has one. */
function agreeing(first: UnstructuredObject, second: UnstructuredObject): UnstructuredObject {
  const labels = { ...second.metadata.labels, ...first.metadata.labels };
  return { ...second, metadata: { name: 'x', labels }, spec: { ...(second['spec'] as object), ...(first['spec'] as object) } };
}

const everyNode = (trie: FieldTrie): FieldTrie => ({
  self: true,
  children: new Map([...trie.children].map(([element, child]) => [element, everyNode(child)])),
});

/** Only the ends of the paths: who owns a map itself differs between create and apply. */
function leaves(trie: FieldTrie): FieldTrie {
  if (trie.children.size === 0) return trie;
  return { self: false, children: new Map([...trie.children].map(([element, child]) => [element, leaves(child)])) };
}
