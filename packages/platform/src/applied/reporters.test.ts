import type { Lease } from '@plinth/api';
import type { Informer, InformerHandler } from '@plinth/controller-runtime';
import { expect, it } from 'vitest';
import { followReporters } from './reporters.ts';

it('does not mind what happens to Leases that are no reporter\'s', () => {
  let handler: InformerHandler<Lease> = {};
  const informer = { subscribe: (one: InformerHandler<Lease>) => ((handler = one), () => {}) } as unknown as Informer<Lease>;
  const lease = (name: string): Lease => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: 'kratix-platform-system' }, spec: { renewTime: new Date(1_000_000).toISOString() } }) as Lease;
  const changed: string[] = [];
  using reporters = followReporters(informer, { now: () => 1_000_000, setTimeout: () => () => {} }, (destination) => changed.push(destination));
  handler.added?.(lease('destination-worker'));
  // As long as the prefix of those that are.
  handler.added?.(lease('controller.-worker'));
  handler.deleted?.(lease('controller.-worker'));
  expect(changed).toEqual(['worker']);
  expect(reporters.silentSince('worker')).toBeUndefined();
  handler.deleted?.(lease('destination-worker'));
  expect(changed).toEqual(['worker', 'worker']);
  expect(reporters.silentSince('worker')).toBe('');
});
