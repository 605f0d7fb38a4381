import { describe, expect, it } from 'vitest';
import { applyPatch, updateManagedFields, type ManagedFieldsEntry, type ObjectMeta, type UnstructuredObject } from '../src/index.ts';
import { schema } from './ownership-schema.ts';

const object = (spec: object, metadata: Partial<ObjectMeta> = {}): UnstructuredObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x', ...metadata },
  spec,
});

let clock = 0;
const now = (): string => new Date(Date.UTC(2026, 0, 1) + 1000 * (clock += 1)).toISOString().replace('.000', '');

function apply(
  live: UnstructuredObject | undefined,
  manager: string,
  config: UnstructuredObject,
  extra: { force?: boolean; subresource?: string; hasStatusSubresource?: boolean } = {},
): UnstructuredObject {
  const outcome = applyPatch({ live, patch: config, manager, schema, apiVersion: 'v1', time: now(), ...extra });
  if (outcome.kind === 'conflict') throw outcome.error;
  return outcome.object;
}

function update(live: UnstructuredObject | undefined, manager: string, next: UnstructuredObject, subresource?: string): UnstructuredObject {
  const managedFields = updateManagedFields({
    live,
    next,
    manager,
    schema,
    apiVersion: 'v1',
    time: now(),
    ...(subresource ? { subresource } : {}),
  });
  return { ...next, metadata: { ...next.metadata, managedFields } };
}

const specOf = (thing: UnstructuredObject): unknown => thing['spec'];
const fieldsOf = (thing: UnstructuredObject, manager: string): unknown =>
  thing.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

describe('server-side apply', () => {
  it('creates the object and writes down what was applied', () => {
    const created = apply(
      undefined,
      'alice',
      object({ a: '1', set: ['x'], ports: [{ port: 80, name: 'http' }], nested: {}, free: { any: { thing: 1 } } }, { labels: { l: '1' } }),
    );
    expect(fieldsOf(created, 'alice')).toEqual({
      'f:metadata': { 'f:labels': { 'f:l': {} } },
      'f:spec': {
        'f:a': {},
        'f:free': { 'f:any': { '.': {}, 'f:thing': {} } },
        'f:nested': {},
        'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } },
        'f:set': { 'v:"x"': {} },
      },
    });
    expect(created.metadata.managedFields?.[0]).toMatchObject({ manager: 'alice', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1' });
  });

  it('changes nothing, not even a time, when the same is applied again', () => {
    const config = object({ a: '1', set: ['x', 'y'], ports: [{ port: 80 }], atomicList: ['b', 'a'] }, { labels: { l: '1' } });
    const first = apply(undefined, 'alice', config);
    expect(apply(first, 'alice', structuredClone(config))).toBe(first);
  });

  it('takes away what is applied no more, and leaves what others set', () => {
    const first = apply(undefined, 'alice', object({ a: '1', b: 1, set: ['x', 'y'], ports: [{ port: 80 }, { port: 81 }] }));
    const edited = update(first, 'editor', { ...first, spec: { ...(specOf(first) as object), note: 'mine', set: ['x', 'y', 'z'] } });
    expect(specOf(apply(edited, 'alice', object({ a: '2', set: ['y'], ports: [{ port: 81 }] })))).toEqual({
      a: '2',
      note: 'mine',
      set: ['y', 'z'],
      ports: [{ port: 81 }],
    });
  });

  it('takes away a map with the defaults in it, unless somebody owns a part of it', () => {
    const first = apply(undefined, 'alice', object({ a: '1', nested: { x: '1' } }));
    const defaulted = { ...first, spec: { a: '1', nested: { x: '1', y: 'default' } } };
    expect(specOf(apply(defaulted, 'alice', object({ a: '1' })))).toEqual({ a: '1' });
    const owned = update(first, 'bob', defaulted);
    expect(specOf(apply(owned, 'alice', object({ a: '1' })))).toEqual({ a: '1', nested: { y: 'default' } });
  });

  it('lets managers share a value and keeps it until the last one lets go', () => {
    const alice = apply(undefined, 'alice', object({ a: '1', b: 1 }));
    const both = apply(alice, 'bob', object({ a: '1' }));
    const left = apply(both, 'alice', object({ b: 1 }));
    expect(specOf(left)).toEqual({ a: '1', b: 1 });
    expect(specOf(apply(left, 'bob', object({})))).toEqual({ b: 1 });
  });

  it('reports one conflict as Kubernetes does', () => {
    const live = update(undefined, 'kubectl-client-side-apply', object({ a: '1' }));
    expect(() => apply(live, 'alice', object({ a: '2' }))).toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .spec.a',
    );
  });

  it('reports several conflicts as Kubernetes does, with their causes', () => {
    const alice = apply(undefined, 'alice', object({ a: '1', ports: [{ port: 80, name: 'http' }] }));
    const live = update(alice, 'bob', { ...alice, spec: { ...(specOf(alice) as object), b: 1 } });
    const outcome = applyPatch({
      live,
      patch: object({ a: '2', b: 2, ports: [{ port: 80, name: 'web' }] }),
      manager: 'carol',
      schema,
      apiVersion: 'v1',
      time: now(),
    });
    if (outcome.kind !== 'conflict') throw new Error('there is no conflict');
    expect(outcome.error.message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "alice":',
        '- .spec.a',
        '- .spec.ports[port=80,protocol="TCP"].name',
        'conflicts with "bob" using v1:',
        '- .spec.b',
      ].join('\n'),
    );
    expect(outcome.error.status).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(outcome.error.status.details?.causes?.[0]).toEqual({
      reason: 'FieldManagerConflict',
      message: 'conflict with "alice"',
      field: '.spec.a',
    });
  });

  it('takes the fields with force, and the other manager gives them up', () => {
    const live = apply(undefined, 'alice', object({ a: '1', b: 1 }));
    const taken = apply(live, 'bob', object({ a: '2' }), { force: true });
    expect(specOf(taken)).toEqual({ a: '2', b: 1 });
    expect(fieldsOf(taken, 'alice')).toEqual({ 'f:spec': { 'f:b': {} } });
    expect(specOf(apply(taken, 'alice', object({ b: 1 })))).toEqual({ a: '2', b: 1 });
  });

  it('owns atomic lists and maps as a whole', () => {
    const live = apply(undefined, 'alice', object({ atomicList: ['a'], atomicMap: { x: '1' } }));
    expect(fieldsOf(live, 'alice')).toEqual({ 'f:spec': { 'f:atomicList': {}, 'f:atomicMap': {} } });
    expect(() => apply(live, 'bob', object({ atomicMap: { y: '1' } }))).toThrow(
      'Apply failed with 1 conflict: conflict with "alice": .spec.atomicMap',
    );
    expect(specOf(apply(live, 'alice', object({ atomicList: ['b'], atomicMap: { y: '1' } })))).toEqual({ atomicList: ['b'], atomicMap: { y: '1' } });
  });

  it('orders items as applied and leaves those of others in their place', () => {
    const live = update(undefined, 'bob', object({ set: ['z', 'a', 'm'] }));
    expect(specOf(apply(live, 'alice', object({ set: ['b', 'a'] })))).toEqual({ set: ['z', 'b', 'a', 'm'] });
  });

  it('treats a null as a field that is not applied', () => {
    const live = apply(undefined, 'alice', object({ a: null, b: 1, note: null }, { labels: { l: '1' } }));
    expect(specOf(live)).toEqual({ b: 1, note: null });
    expect(fieldsOf(live, 'alice')).toEqual({ 'f:metadata': { 'f:labels': { 'f:l': {} } }, 'f:spec': { 'f:b': {}, 'f:note': {} } });
  });

  it('keeps what the server set in metadata whatever is sent', () => {
    const created = apply(undefined, 'alice', object({ a: '1' }));
    const stored = { ...created, metadata: { ...created.metadata, uid: 'u', resourceVersion: '5', creationTimestamp: now() } };
    const after = apply(stored, 'alice', {
      ...object({ a: '2' }),
      metadata: { name: 'x', creationTimestamp: null, resourceVersion: '5' } as unknown as ObjectMeta,
    });
    expect(after.metadata).toMatchObject({ uid: 'u', resourceVersion: '5', creationTimestamp: stored.metadata.creationTimestamp });
  });

  it('applies the status through its subresource and only there', () => {
    const created = apply(undefined, 'alice', { ...object({ a: '1' }), status: { phase: 'Made' } }, { hasStatusSubresource: true });
    expect(created['status']).toBeUndefined();
    const after = apply(created, 'alice', { ...object({ a: '9' }, { labels: { no: 'no' } }), status: { phase: 'Ready' } }, { subresource: 'status' });
    expect(after).toMatchObject({ spec: { a: '1' }, status: { phase: 'Ready' } });
    expect(after.metadata.labels).toBeUndefined();
    expect(after.metadata.managedFields?.map(({ manager, subresource }) => [manager, subresource])).toEqual([
      ['alice', undefined],
      ['alice', 'status'],
    ]);
  });

  it.each<readonly [object, string]>([
    [{ ports: [{ port: 80 }, { port: 80, protocol: 'TCP' }] }, '.spec.ports: duplicate entries for key [port=80,protocol="TCP"]'],
    [{ set: ['a', 'a'] }, '.spec.set: duplicate entries for key [="a"]'],
  ])('refuses %j', (spec, message) => {
    expect(() => apply(undefined, 'alice', object(spec))).toThrow(message);
  });

  it('refuses managedFields in what is applied', () => {
    const created = apply(undefined, 'alice', object({ a: '1' }));
    expect(() => apply(created, 'alice', created)).toThrow('metadata.managedFields must be nil');
  });
});

describe(updateManagedFields, () => {
  it('gives what is new to who creates, with maps of their own', () => {
    const created = update(undefined, 'bob', object({ nested: { x: '1' }, set: ['s'] }, { labels: { l: '1' }, uid: 'u' }));
    expect(fieldsOf(created, 'bob')).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
      'f:spec': { '.': {}, 'f:nested': { '.': {}, 'f:x': {} }, 'f:set': { '.': {}, 'v:"s"': {} } },
    });
  });

  it('moves a changed field to the writer and drops removed ones everywhere', () => {
    const live = apply(undefined, 'alice', object({ a: '1', b: 1, nested: { x: '1' } }));
    const next = update(live, 'bob', { ...live, spec: { a: '2', nested: { x: '1' } } });
    expect(fieldsOf(next, 'alice')).toEqual({ 'f:spec': { 'f:nested': { 'f:x': {} } } });
    expect(fieldsOf(next, 'bob')).toEqual({ 'f:spec': { 'f:a': {} } });
  });

  it('returns the very list when nothing changes, also for a copy from the wire', () => {
    const live = update(undefined, 'bob', object({ a: '1' }));
    const copy = structuredClone(live);
    expect(updateManagedFields({ live, next: copy, manager: 'carol', schema, apiVersion: 'v1', time: now() })).toBe(live.metadata.managedFields);
  });

  it('keeps a separate account for a subresource', () => {
    const live = update(undefined, 'bob', object({ a: '1' }));
    const next = update(live, 'bob', { ...live, status: { phase: 'Ready' } }, 'status');
    expect(next.metadata.managedFields?.map(({ subresource }) => subresource ?? '')).toEqual(['', 'status']);
  });

  it('takes managedFields that are sent, keeps the old when none are, and forgets them when told', () => {
    const live = update(undefined, 'kubectl-client-side-apply', object({ a: '1' }));
    const entries = live.metadata.managedFields ?? [];
    const migrated = entries.map((entry) => ({ ...entry, manager: 'kubectl', operation: 'Apply' as const }));
    const send = (managedFields: readonly ManagedFieldsEntry[] | undefined): readonly ManagedFieldsEntry[] =>
      updateManagedFields({
        live,
        next: object({ a: '1' }, managedFields ? { managedFields } : {}),
        manager: 'm',
        schema,
        apiVersion: 'v1',
        time: now(),
      });
    expect(send(migrated)).toEqual(migrated);
    expect(send(undefined)).toBe(entries);
    expect(send([])).toBe(entries);
    expect(send([{ ...migrated[0], fieldsV1: { bad: {} } } as unknown as ManagedFieldsEntry])).toBe(entries);
    expect(send([{} as ManagedFieldsEntry])).toEqual([]);
  });

  it('joins the oldest writers when there are more than ten', () => {
    let live = update(undefined, 'w0', object({ free: {} }));
    for (let writer = 1; writer < 15; writer += 1) {
      live = update(live, `w${writer}`, { ...live, spec: { free: { ...(live['spec'] as { free: object }).free, [`k${writer}`]: 1 } } });
    }
    const names = live.metadata.managedFields?.map(({ manager }) => manager) ?? [];
    expect(names).toHaveLength(10);
    expect(names).toContain('ancient-changes');
    expect(names).toContain('w14');
  });
});
